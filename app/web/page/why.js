// Why? A heat map over the 28x28 image: which spots speak for the digit that was read.

import { names } from "./classes.js";
import { enable } from "./enable.js";
import { post } from "./requests.js";
import { announce } from "./say.js";

const MODEL_SIDE = 28; // pixels of the model's input
const LEAST = 0.01; // a change of the probability by less than one in a hundred decides nothing
const FOR = [255, 122, 0];
const AGAINST = [40, 140, 255];
const ROWS = ["top", "middle", "bottom"];
const COLUMNS = ["left", "middle", "right"];

const button = document.getElementById("why");
const figure = document.getElementById("heat");
const map = document.getElementById("map").getContext("2d");
const words = document.getElementById("strongest");
let digit = null; // the digit that is asked about
let isOpen = false;

/** Ask about this digit from now on; null: there is none. */
export function askAbout(newDigit) {
  digit = newDigit;
  enable(button, digit !== null);
  setOpen(isOpen && digit !== null);
}

export const closeWhy = () => setOpen(false);

async function setOpen(open) {
  isOpen = open;
  button.setAttribute("aria-expanded", String(open));
  if (!open) {
    figure.hidden = true;
    return;
  }
  announce("");
  figure.classList.add("waiting"); // what it shows is about another digit
  const asked = digit;
  const question = JSON.stringify({ image: asked.image, digit: asked.digit });
  const answer = await post("why", new Blob([question], { type: "application/json" }));
  const image = new Image();
  image.src = asked.image;
  await image.decode();
  if (!isOpen || asked !== digit) return; // closed meanwhile, or another digit was chosen
  if (answer.error) words.textContent = `This could not be answered: ${answer.error}.`;
  else show(image, answer.importance.flat());
  figure.classList.toggle("failed", Boolean(answer.error));
  figure.classList.remove("waiting");
  figure.hidden = false;
  announce(words.textContent);
}

function show(image, importance) {
  map.drawImage(image, 0, 0);
  const pixels = map.getImageData(0, 0, MODEL_SIDE, MODEL_SIDE);
  const scale = Math.max(LEAST, ...importance.map(Math.abs));
  importance.forEach((value, index) => {
    const colour = value > 0 ? FOR : AGAINST;
    const weight = Math.abs(value) / scale;
    for (let channel = 0; channel < 3; channel++) {
      const place = 4 * index + channel;
      pixels.data[place] += weight * (colour[channel] - pixels.data[place]);
    }
  });
  map.putImageData(pixels, 0, 0);
  words.textContent = explain(importance, names[digit.digit]);
}

/** Say what the importance of the 28x28 pixels, -1 to 1, means for a digit. */
export function explain(importance, label) {
  const strongest = Math.max(...importance);
  if (strongest >= LEAST) {
    return `The spot that matters most is at the ${where(importance.indexOf(strongest))}: emptying a patch around it `
      + `makes the ${label} less likely, by ${(100 * strongest).toFixed(1)} percentage points on average.`;
  }
  return Math.min(...importance) <= -LEAST
    ? `No spot speaks for the ${label}; the blue ones speak against it.`
    : `No single spot decides: whichever is emptied, the ${label} stays about as likely.`;
}

function where(index) {
  const third = (place) => Math.min(2, Math.max(0, Math.floor((place - 4) / 20 * 3))); // of the digit's 20 pixels
  const [row, column] = [ROWS[third(Math.floor(index / MODEL_SIDE))], COLUMNS[third(index % MODEL_SIDE)]];
  if (row === column) return "centre";
  return [row, column].filter((word) => word !== "middle").join(" ");
}

button.onclick = () => setOpen(!isOpen);
