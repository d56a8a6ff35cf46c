// The sheets of this visit with their answers, newest first. They are kept in memory only.

import { SHEET_SIDE, paint } from "./drawing.js";
import { describe, summary } from "./words.js";

const MAX_ENTRIES = 24; // whose pictures are kept in memory
const THUMBNAIL = 144; // pixels, for 72 of the page on a 2x screen

const section = document.getElementById("visit");
const list = document.getElementById("entries");
const entries = new Map(); // from a sheet to its button

/** Whether a state of this sheet is kept. */
export const isInVisit = (sheet) => entries.has(sheet);

/** Keep a state with its answer, in place of an earlier state of the same sheet. */
export function keepInVisit(state, answer, showAgain) {
  const button = entries.get(state.sheet) ?? add(state.sheet);
  const [thumbnail, text] = button.children;
  paint(thumbnail, state, THUMBNAIL / SHEET_SIDE);
  text.textContent = summary(answer);
  const { headline, detail } = describe(answer);
  button.setAttribute("aria-label", `Show again: ${[headline, detail].filter(Boolean).join(", ")}`);
  button.onclick = () => showAgain(state, answer);
  section.hidden = false;
}

/** Mark the entry of the sheet that is shown. */
export function markInVisit(sheet) {
  for (const [key, button] of entries) button.setAttribute("aria-current", String(key === sheet));
}

function add(sheet) {
  const button = document.createElement("button");
  button.type = "button";
  const thumbnail = document.createElement("canvas");
  thumbnail.width = thumbnail.height = THUMBNAIL;
  button.append(thumbnail, document.createElement("span"));
  list.prepend(button);
  entries.set(sheet, button);
  if (entries.size > MAX_ENTRIES) {
    const [oldest] = entries.keys();
    entries.get(oldest).remove();
    entries.delete(oldest);
  }
  return button;
}
