// "Wrong?": what a digit really was is kept, to teach the network, and can be taken back.

import { areDigits, names } from "./classes.js";
import { FOLDER, archive, inTab, onServer } from "./corrections.js";
import { enable } from "./enable.js";
import { announce, say } from "./say.js";

const $ = (id) => document.getElementById(id);
const [button, choices, list] = [$("wrong"), $("choices"), $("corrections")];
const entries = new Map(); // from the name of a file to its entry in the list
let keeper = inTab;
let digit = null; // the one that is shown, as the server gave it
let take = null; // gives the picture that shows the digit alone, or null if it is one of a row
let onChange = () => {};

/** Keep corrections in the server's folder, or in this tab if it is "". Call `changed` when the
 * server answers anew. */
export function offerTeaching(folder, changed) {
  keeper = folder ? onServer : inTab;
  if (folder && areDigits()) onChange = changed; // else no answer goes by what is kept
  $("teach-words").replaceChildren(...lessonIn(folder));
  $("download").hidden = Boolean(folder);
}

/** What becomes of corrections in the server's folder, or in this tab if it is "". */
function lessonIn(folder) {
  const end = ["type ", code("dvc repro"), ", and the network learns them."];
  if (!folder) return ["They stay in this tab until you download them. Unpack the ZIP in the project's folder, ", ...end];
  const start = areDigits() ? "They are saved, and the page goes by them from now on. " : "They are saved. ";
  if (folder === FOLDER) return [start, "In the project's folder, ", ...end];
  return [start, "Copy ", code(folder), " to ", code(FOLDER), " in the project's folder, ", ...end];
}

/** Ask about this digit from now on; null: there is none. `picture` gives the whole picture, null for one of a row. */
export function askWhatItWas(newDigit, picture) {
  [digit, take] = [newDigit, picture];
  enable(button, digit !== null);
  setOpen(false);
}

function setOpen(open) {
  button.setAttribute("aria-expanded", String(open));
  choices.hidden = !open;
  if (open) {
    say("");
    $("it-was").textContent = `Read as ${names[digit.digit]}. It was …`;
    choices.replaceChildren($("it-was"), ...names.filter(hasFolder).map(createChoice));
  }
}

/** Whether a class can have a folder of its name, as pictures/labelled.py says. */
const hasFolder = (name) => !name.includes("/") && !name.startsWith(".");

function createChoice(name) {
  const choice = document.createElement("button");
  choice.type = "button";
  choice.textContent = name;
  choice.onclick = () => correct(name);
  return choice;
}

async function correct(label) {
  const [asked, picture] = [digit, take ? take() : pictureOf(digit)];
  setOpen(false);
  button.focus();
  announce("");
  const saved = await keeper.save(label, picture);
  if (saved.error) return tell(`The correction was not saved: ${saved.error}.`);
  show(saved, asked);
  tell(keeper === onServer ? `Saved as ${saved.path}.` : `Kept as ${label}. Download it below.`);
  onChange();
}

/** Say what became of a correction where it was made, until something else happens. */
const tell = (text) => say(text, { stays: true, at: $("outcome") });

/** The image of a digit as a picture file. */
function pictureOf({ image }) {
  const text = atob(image.split(",")[1]);
  return new Blob([Uint8Array.from(text, (character) => character.charCodeAt(0))], { type: "image/png" });
}

function show(saved, asked) {
  entries.get(saved.name)?.remove(); // it was another label, or the same one
  const image = new Image();
  [image.src, image.alt] = [asked.image, ""];
  const words = document.createElement("p");
  words.append(`${saved.label}, read as ${names[asked.digit]}. `, code(saved.path));
  const entry = document.createElement("li");
  entry.append(image, words, saved.is_new ? createUndo(saved) : "was there before");
  entries.set(saved.name, entry);
  list.prepend(entry);
  $("taught").hidden = false;
}

function code(text) {
  const element = document.createElement("code");
  element.textContent = text;
  return element;
}

function createUndo(saved) {
  const undo = document.createElement("button");
  undo.type = "button";
  undo.textContent = "Take back";
  undo.setAttribute("aria-label", `Take back: ${saved.path}`);
  undo.onclick = async () => {
    undo.disabled = true; // a second click would find nothing to take back
    const answer = await keeper.undo(saved);
    if (answer.error) {
      undo.disabled = false;
      return tell(`This could not be taken back: ${answer.error}.`);
    }
    entries.get(saved.name).remove();
    entries.delete(saved.name);
    $("taught").hidden = !entries.size;
    $("paper").focus({ preventScroll: true }); // the button with the focus is gone
    tell(keeper === onServer ? `Deleted: ${saved.path}.` : "Taken back.");
    onChange();
  };
  return undo;
}

button.onclick = () => setOpen(choices.hidden);
$("download").onclick = () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(archive());
  link.download = "corrections.zip";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000); // the download has begun by then
};
