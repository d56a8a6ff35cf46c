// Shows an answer: in words, as boxes on the drawing, as the images the model sees, and as bars.

import { areDigits, names } from "./classes.js";
import { SHEET_SIDE, place } from "./drawing.js";
import { describe, nameOf, percent } from "./words.js";

const MARGIN = 5; // units between a digit and its box, so that the box hides no ink
const MAX_BARS = 10; // of more classes, the likeliest are shown

const $ = (id) => document.getElementById(id);
let digits = []; // of the answer that is shown
let outlines = []; // of the digits on the sheet, in units
let chosen = 0; // the index of the digit whose probabilities are shown
let onChoice = () => {};

/** Call this with the digit whose probabilities are shown, or null, whenever it changes. */
export function whenChosen(callback) {
  onChoice = callback;
}

/** Show an answer of the server; `detail` replaces its own words on how sure it is. */
export function showAnswer(answer, detail) {
  const words = describe(answer);
  showWords(detail === undefined ? words.headline : "", detail ?? words.detail);
  showDigits(answer.digits ?? [], answer);
}

/** Show words alone. */
export function showNothing(words) {
  showWords("", words);
  showDigits([], null);
}

function showWords(headline, detail) {
  $("headline").textContent = headline;
  $("headline").classList.toggle("long", headline.length > 6);
  $("detail").textContent = detail;
}

function showDigits(newDigits, answer) {
  if (newDigits.length !== digits.length) chosen = 0;
  digits = newDigits;
  outlines = digits.map(({ box: [left, top, right, bottom] }) => {
    const area = place(answer);
    const scale = area.width / answer.width;
    return {
      left: area.left + left * scale - MARGIN, right: area.left + right * scale + MARGIN,
      top: area.top + top * scale - MARGIN, bottom: area.top + bottom * scale + MARGIN,
    };
  });
  // Elements are kept from one answer to the next: nothing flickers, and the focus stays.
  keep($("seen"), createThumbnail);
  keep($("boxes"), createBox);
  digits.forEach((digit, index) => {
    const words = nameOf(digit, answer);
    fillThumbnail($("seen").children[index], digit.image, words);
    fillBox($("boxes").children[index], words, outlines[index]);
  });
  fitLabels();
  choose(chosen);
}

function keep(parent, create) {
  while (parent.children.length > digits.length) parent.lastElementChild.remove();
  while (parent.children.length < digits.length) parent.append(create(parent.children.length));
}

function create(tag, ...children) {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
}

function createThumbnail(index) {
  const image = new Image();
  image.alt = "";
  const button = create("button", image, create("span"));
  button.type = "button";
  button.onclick = () => choose(index);
  for (const event of ["pointerenter", "focus"]) button.addEventListener(event, () => highlight(index));
  for (const event of ["pointerleave", "blur"]) button.addEventListener(event, () => highlight(null));
  return button;
}

function fillThumbnail(button, content, { name, sure, caption: text }) {
  const [image, caption] = button.children;
  if (image.src !== content) image.src = content;
  caption.textContent = text;
  button.setAttribute("aria-label", `Show the probabilities: ${name}, ${sure} sure`);
}

function createBox() {
  return create("div", create("p", create("b"), " ", create("span")));
}

function fillBox(box, { name, sure }, { left, top, right, bottom }) {
  const share = (units) => `${100 * units / SHEET_SIDE}%`;
  Object.assign(box.style, {
    left: share(left), top: share(top), width: share(right - left), height: share(bottom - top),
  });
  box.querySelector("b").textContent = name;
  box.querySelector("span").textContent = sure;
  const label = 40; // units that a label needs above the box
  box.classList.toggle("below", top < label && bottom < SHEET_SIDE - label);
  box.classList.toggle("inside", top < label && bottom >= SHEET_SIDE - label);
  box.classList.toggle("leftwards", left > SHEET_SIDE * 0.6);
}

/** Where labels would lie on each other, make them narrower, and at last leave out percentages. */
function fitLabels() {
  for (const style of ["", "stacked", "crowded"]) {
    $("boxes").className = style;
    const labels = [...$("boxes").children].map((box) => box.firstElementChild.getBoundingClientRect());
    const overlap = labels.some((label, index) => labels.slice(0, index).some((other) =>
      label.left < other.right && other.left < label.right && label.top < other.bottom && other.top < label.bottom));
    if (!overlap) return;
  }
}

/** Highlight a digit, both its image and its box; null highlights none. */
function highlight(index) {
  for (const parent of [$("seen"), $("boxes")]) {
    [...parent.children].forEach((child, order) => child.classList.toggle("highlighted", order === index));
  }
}

/** Highlight the digit at a point [x, y] of the sheet, if there is one. */
export function highlightAt(point) {
  const index = outlines.findIndex(({ left, top, right, bottom }) =>
    point && left <= point[0] && point[0] <= right && top <= point[1] && point[1] <= bottom);
  highlight(index < 0 ? null : index);
}

function choose(index) {
  chosen = index;
  [...$("seen").children].forEach((button, order) => button.setAttribute("aria-pressed", String(order === index)));
  [...$("boxes").children].forEach((box, order) => box.classList.toggle("chosen", order === index));
  showBars(digits[index]);
  onChoice(digits[index] ?? null);
}

/** Show the names of the classes, which have become known. */
export const showClasses = () => showBars(digits[chosen]);

function showBars(digit) {
  const condition = digit?.none > 0.5 ? ", if it is one" : "";
  const what = areDigits() ? `each digit${condition}`
    : names.length > MAX_BARS ? `the ${MAX_BARS} likeliest of ${names.length} classes` : "each class";
  $("caption").textContent = `Probability of ${what}${digit ? `: ${names[digit.digit]} is likeliest` : ""}`;
  const labels = labelsOfBars(digit);
  while ($("bars").rows.length > labels.length) $("bars").deleteRow(-1);
  while ($("bars").rows.length < labels.length) addBar($("bars"));
  [...$("bars").rows].forEach((row, place) => {
    const label = labels[place];
    row.cells[0].textContent = names[label];
    showBar(row, digit?.probabilities[label]);
    row.classList.toggle("best", label === digit?.digit);
  });
  showBar($("none").rows[0], digit?.none);
}

/** The classes that have bars: all in their order, or the likeliest first. */
function labelsOfBars(digit) {
  const labels = [...names.keys()];
  if (labels.length <= MAX_BARS) return labels;
  if (!digit) return [];
  const { probabilities } = digit;
  return labels.sort((one, other) => probabilities[other] - probabilities[one]).slice(0, MAX_BARS);
}

function showBar(row, value) {
  row.querySelector(".track span").style.width = `${100 * (value ?? 0)}%`;
  row.lastElementChild.textContent = value === undefined ? "" : percent(value);
}

function addBar(parent, name = "") {
  parent.insertRow().innerHTML =
    `<th scope="row">${name}</th><td><div class="track"><span></span></div></td><td></td>`;
}

addBar($("none"), "no digit");
showClasses();
