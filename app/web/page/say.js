// What is said beside the answer: to screen readers, and in a note, at the foot of the window or elsewhere.

const NOTE_TIME = 8000; // milliseconds, enough to read two lines

const announcement = document.getElementById("announcement");
const note = document.getElementById("note");
let place = note; // where the last text is
let timer;

/** Tell screen readers something that is seen elsewhere; the empty text makes the next one new. */
export function announce(text) {
  announcement.textContent = text;
}

/** Show a note, and tell it to screen readers. It goes with a click, with the next text, or, unless it
 * `stays`, after a while. A note in a place of its own, `at`, covers nothing. */
export function say(text, { stays = false, at = note } = {}) {
  clearTimeout(timer);
  place.textContent = "";
  place = at;
  place.textContent = text;
  if (text && !stays) timer = setTimeout(say, NOTE_TIME, "");
}

note.onclick = () => {
  if (getSelection().isCollapsed) say(""); // else the click selected words, to copy them
};
