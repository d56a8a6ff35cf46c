// Follows the pen on the paper: a mouse, a finger, a stylus or the arrow keys.

import { PEN_WIDTH, SHEET_SIDE } from "./drawing.js";
import { announce } from "./say.js";

const STEP = 8; // units that an arrow key moves the pen
const MARGIN = PEN_WIDTH / 2; // the pen of the keys stays on the paper
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const paper = document.getElementById("paper");
const mark = document.getElementById("pen"); // shows where the keys draw
let drawingPointer = null; // the id of the pointer that draws
let place = [SHEET_SIDE / 2, SHEET_SIDE / 2]; // of the pen that the keys move
let isDown = false; // the pen that the keys move

/** Stop drawing; otherwise the next move would extend a stroke that was removed. */
export function forgetPen() {
  drawingPointer = null;
  isDown = false;
  showMark();
}

function showMark() {
  mark.hidden = !paper.matches(":focus-visible");
  mark.classList.toggle("down", isDown);
  mark.style.left = `${100 * place[0] / SHEET_SIDE}%`;
  mark.style.top = `${100 * place[1] / SHEET_SIDE}%`;
}

function position(event) {
  const box = paper.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width * SHEET_SIDE, (event.clientY - box.top) / box.height * SHEET_SIDE];
}

/** Call `begin` with a point [x, y], `extend` with a list of them, `lift` with none at a stroke's end;
 * and `hover` with the point under a pointer that does not draw, or null. */
export function followPen({ begin, extend, lift, hover }) {
  paper.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || drawingPointer !== null) return;
    isDown = false; // one pen at a time
    showMark();
    drawingPointer = event.pointerId;
    paper.setPointerCapture(drawingPointer);
    begin(position(event));
  });
  paper.addEventListener("pointermove", (event) => {
    if (drawingPointer === null) hover(position(event));
    if (event.pointerId !== drawingPointer) return;
    extend([...event.getCoalescedEvents?.() ?? [], event].map(position));
  });
  for (const ending of ["pointerup", "pointercancel"]) {
    paper.addEventListener(ending, (event) => {
      if (event.pointerId !== drawingPointer) return;
      drawingPointer = null;
      lift();
    });
  }
  paper.addEventListener("pointerleave", () => hover(null));

  paper.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (event.key === " ") {
      if (drawingPointer !== null) return event.preventDefault();
      isDown = !isDown;
      if (isDown) {
        begin([...place]);
        announce("Pen down.");
      } else lift();
    } else if (move) {
      place = place.map((value, axis) => Math.min(SHEET_SIDE - MARGIN, Math.max(MARGIN, value + STEP * move[axis])));
      if (isDown) extend([[...place]]);
    } else return;
    event.preventDefault();
    showMark();
  });
  paper.addEventListener("focus", showMark);
  paper.addEventListener("blur", () => {
    if (isDown) lift();
    isDown = false;
    showMark();
  });
}
