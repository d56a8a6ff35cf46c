// The page: what is drawn or loaded is read, shown, and kept for this visit.

import { useClasses } from "./classes.js";
import { copied } from "./copy.js";
import * as drawing from "./drawing.js";
import { enable } from "./enable.js";
import { followKeys } from "./keys.js";
import { followPen, forgetPen } from "./pen.js";
import { canBeOpened, receivePictures } from "./pictures.js";
import { describeModel, dropReadings, post, read, readDraft } from "./requests.js";
import { highlightAt, showAnswer, showClasses, showNothing, whenChosen } from "./result.js";
import { announce, say } from "./say.js";
import { fitToScreen } from "./screen.js";
import { closeSteps, offerSteps } from "./steps.js";
import { askWhatItWas, offerTeaching } from "./teach.js";
import { isInVisit, keepInVisit, markInVisit } from "./visit.js";
import { askAbout, closeWhy } from "./why.js";
import { asText, describe, refusal } from "./words.js";

const MAX_FILES = 24; // that are read at once, as many as the list of this visit holds

const $ = (id) => document.getElementById(id);
const paper = $("paper");
let shown = null; // the answer that is shown
let isLasting = false; // whether it is the answer to what is on the sheet, and not to a draft

function redraw() {
  const state = drawing.state();
  drawing.paint(paper, state, paper.width / drawing.SHEET_SIDE);
  $("hint").hidden = !drawing.isEmpty(state);
  $("no-view").hidden = drawing.isVisible(state);
  enable($("undo"), drawing.canUndo());
  enable($("redo"), drawing.canRedo());
  enable($("clear"), !drawing.isEmpty(state));
  markInVisit(state.sheet);
}

function show(answer, detail) {
  shown = answer;
  showAnswer(answer, detail);
  enable($("copy"), !refusal(answer));
  enable($("steps"), !answer.error);
}

function showDraft(answer) {
  isLasting = false;
  show(answer, refusal(answer) ? "Keep drawing …" : undefined);
}

function showLasting(answer, state) {
  isLasting = state === drawing.state();
  show(answer);
  const { headline, detail } = describe(answer);
  announce([headline, detail].filter(Boolean).join(", "));
}

function showPassing(words) {
  showNothing(words);
  enable($("copy"), false);
  enable($("steps"), false);
  announce(words);
}

function keep(state, answer) {
  keepInVisit(state, answer, showAgain);
  markInVisit(drawing.state().sheet);
}

function showAgain(state, answer) {
  leaveSheet();
  if (state !== drawing.state()) drawing.change(state);
  redraw();
  showLasting(answer, state);
}

function readSheet() {
  const state = drawing.state();
  read(() => drawing.content(state), (answer) => {
    showLasting(answer, state);
    keep(state, answer);
  });
}

function leaveSheet() { // before the sheet shows another state
  forgetPen();
  dropReadings();
  closeSteps();
  announce("");
  say("");
}

function go(step, words = "Nothing drawn yet.") {
  leaveSheet();
  step();
  redraw();
  if (drawing.isEmpty(drawing.state())) showPassing(words);
  else readSheet();
}

const undo = () => drawing.canUndo() && go(drawing.undo);
const redo = () => drawing.canRedo() && go(drawing.redo);
const clear = () => !drawing.isEmpty(drawing.state()) && go(drawing.clear, "Cleared. Undo brings it back.");

async function load(files) {
  const known = files.slice(0, MAX_FILES);
  let readCount = 0;
  let latest = null; // the state of the file before, unless somebody drew meanwhile
  for (const [index, file] of known.entries()) {
    const state = await drawing.open(file);
    const isShown = latest === null || latest === drawing.state();
    if (isShown) {
      leaveSheet();
      drawing.change(state);
      latest = state;
      redraw();
      showPassing(known.length > 1 ? `Reading picture ${index + 1} of ${known.length} …` : "Reading …");
    }
    const answer = await canBeOpened(file) ? await post("read", state.picture.content)
      : { error: `${file.name} cannot be opened; is it a folder?` };
    readCount += !answer.error;
    if (drawing.state() === state) showLasting(answer, state);
    if (!isInVisit(state.sheet)) keep(state, answer); // else somebody drew on it: that answer is newer
  }
  if (files.length > 1) {
    const leftOut = files.length - known.length;
    say(`${readCount} of ${known.length} pictures were read. All are listed under “This visit”.`
      + (leftOut ? ` Left out: ${leftOut}. Choose at most ${MAX_FILES} at once.` : ""));
  }
}

/** Let people say what a digit was, once the answer is that to what is on the sheet. */
function offerCorrection(digit) {
  const state = drawing.state();
  const isAlone = shown?.digits?.length === 1;
  askWhatItWas(isLasting ? digit : null, isAlone ? () => drawing.content(state) : null);
}

async function copyResult() {
  const text = asText(shown);
  if (await copied(text)) say(`Copied: ${text}`);
  else say(`This browser does not let pages copy. The result: ${text}`, { stays: true });
}

function begin(point) {
  say("");
  announce("");
  closeWhy();
  closeSteps();
  drawing.begin(point);
  extend([point]);
}

function extend(points) {
  points.forEach(drawing.extend);
  redraw();
  const state = drawing.state();
  readDraft(() => drawing.content(state), showDraft);
}

followPen({ begin, extend, lift: readSheet, hover: highlightAt });
receivePictures(load);
whenChosen((digit) => {
  askAbout(digit);
  offerCorrection(digit);
});
offerSteps(() => drawing.content(drawing.state()));

followKeys({ undo, redo, clear });
$("undo").onclick = undo;
$("redo").onclick = redo;
$("clear").onclick = clear;
$("copy").onclick = copyResult;

describeModel().then(({ model, classes, teach }) => {
  $("model").textContent = model;
  useClasses(classes);
  showClasses();
  offerTeaching(teach, () => drawing.isEmpty(drawing.state()) || readSheet());
});
fitToScreen(paper, redraw);
