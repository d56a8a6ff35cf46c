// Steps: a drawing of what the server makes of the sheet, from its grey levels to the digits.

import { areDigits } from "./classes.js";
import { postForPicture } from "./requests.js";
import { announce } from "./say.js";

const button = document.getElementById("steps");
const figure = document.getElementById("panels");
const drawing = document.getElementById("drawn-steps");
const words = document.getElementById("steps-words");
const EXPLANATION = words.textContent;
const EXPLANATION_OF_CLASSES = "From the picture to what the model sees: its grey levels, and the 28x28 pixels that they "
  + "are scaled to, with what they were read as.";
let request = null; // that is under way, or answered and shown

/** Close the steps: the sheet is another one now. */
export function closeSteps() {
  request?.abort();
  request = null;
  button.setAttribute("aria-expanded", "false");
  figure.hidden = true;
  URL.revokeObjectURL(drawing.src);
  drawing.removeAttribute("src");
}

async function openSteps(content) {
  announce("");
  button.setAttribute("aria-expanded", "true");
  const own = request = new AbortController();
  const answer = await postForPicture("steps", content, own.signal);
  if (own.signal.aborted) return;
  if (answer.picture) {
    drawing.src = URL.createObjectURL(answer.picture);
    await drawing.decode().catch(() => {}); // its size must be known, to scroll to it
    if (own.signal.aborted) return;
  }
  drawing.hidden = !answer.picture;
  const explanation = areDigits() ? EXPLANATION : EXPLANATION_OF_CLASSES;
  words.textContent = answer.picture ? explanation : `The steps could not be drawn: ${answer.error}.`;
  figure.hidden = false;
  figure.scrollIntoView({ block: "nearest" });
  announce(words.textContent);
}

/** Open and close the steps with their button; `take` gives the picture on the sheet. */
export function offerSteps(take) {
  button.onclick = () => (request ? closeSteps() : openSteps(take()));
}
