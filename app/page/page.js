"use strict";

const PEN = 20; // of the drawing's 400 pixels
const STEP = 8; // of the pen that is moved by keys
const LONGEST = 1600; // of a picture before it is sent: phones make far larger ones
const $ = (id) => document.getElementById(id);
const paper = $("paper");
const ink = paper.getContext("2d");
let strokes = []; // each a list of [x, y]
let picture = null; // what was dropped, pasted or chosen
let drawing = null; // the pointer that draws
let pen = [200, 200]; // where the keys have moved it
let penDown = false;
let latest = 0; // the number of the last request: earlier answers come too late

function redraw() {
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, paper.width, paper.height);
  if (picture) {
    const scale = Math.min(paper.width / picture.width, paper.height / picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    ink.drawImage(picture, (paper.width - width) / 2, (paper.height - height) / 2, width, height);
  }
  ink.lineWidth = PEN;
  ink.lineCap = ink.lineJoin = "round";
  ink.strokeStyle = "#111";
  for (const stroke of strokes) {
    ink.beginPath();
    ink.moveTo(...stroke[0]);
    for (const point of stroke) ink.lineTo(...point);
    ink.stroke();
  }
  $("undo").disabled = !strokes.length;
  $("clear").disabled = !strokes.length && !picture;
}

function showPen() { // where the next key stroke draws; it is no part of the picture
  redraw();
  ink.lineWidth = 2;
  ink.strokeStyle = penDown ? "#b3450b" : "#1f5fbf";
  ink.beginPath();
  ink.arc(...pen, PEN / 2 + 3, 0, 2 * Math.PI);
  ink.stroke();
}

function position(event) {
  const box = paper.getBoundingClientRect();
  return [
    (event.clientX - box.left) / box.width * paper.width,
    (event.clientY - box.top) / box.height * paper.height,
  ];
}

function begin(point) {
  picture = null;
  strokes.push([point]);
}

function say(text, wrong = false) {
  $("answer").textContent = text;
  $("answer").classList.toggle("wrong", wrong);
}

const percent = (value) => `${(100 * value).toFixed(1)} %`;

function showBars(digit) {
  $("caption").textContent = digit ? `Probability of each digit: ${digit.digit} is likeliest` : "Probability of each digit";
  [...$("bars").rows].forEach((row, number) => {
    const value = digit ? digit.probabilities[number] : 0;
    row.classList.toggle("best", Boolean(digit) && number === digit.digit);
    row.querySelector("span").style.width = `${100 * value}%`;
    row.lastElementChild.textContent = digit ? percent(value) : "";
  });
}

function showDigits(digits) {
  $("seen").replaceChildren(...digits.map((digit, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Show the probabilities of the ${digit.digit}`);
    button.setAttribute("aria-pressed", String(index === 0));
    const image = new Image();
    image.src = digit.image;
    image.alt = "";
    button.append(image);
    button.onclick = () => {
      for (const other of $("seen").children) other.setAttribute("aria-pressed", String(other === button));
      showBars(digit);
    };
    return button;
  }));
  showBars(digits[0]);
}

async function read(content) {
  const number = ++latest;
  let answer;
  try {
    const response = await fetch("read", { method: "POST", body: content });
    answer = await response.json();
  } catch {
    answer = { error: "the server does not answer: is it still running?" };
  }
  if (number !== latest) return;
  if (answer.error) {
    showDigits([]);
    say(`Could not be read: ${answer.error}`, true);
    return;
  }
  showDigits(answer.digits);
  if (answer.fault) say(`No digit: ${answer.fault}.`, true);
  else if (answer.digits.length === 1) say(`${answer.digits[0].digit}, ${percent(answer.digits[0].confidence)} sure`);
  else say(answer.digits.map((digit) => digit.digit).join(" "));
}

function readDrawing() {
  redraw();
  if (!strokes.length) return reset();
  paper.toBlob(read, "image/png");
}

function liftPen() { // else the next move would lengthen a stroke that is gone
  penDown = false;
  drawing = null;
}

function reset() {
  latest += 1;
  liftPen();
  strokes = [];
  picture = null;
  redraw();
  showDigits([]);
  say("Nothing drawn yet.");
}

function undo() {
  liftPen();
  strokes.pop();
  readDrawing();
}

async function readFile(file) {
  if (!file) return;
  liftPen();
  strokes = [];
  latest += 1;
  let content = file;
  try {
    picture = await createImageBitmap(file);
    const scale = LONGEST / Math.max(picture.width, picture.height);
    if (scale < 1) {
      const small = new OffscreenCanvas(Math.ceil(picture.width * scale), Math.ceil(picture.height * scale));
      small.getContext("2d").drawImage(picture, 0, 0, small.width, small.height);
      content = await small.convertToBlob({ type: "image/png" });
    }
  } catch {
    picture = null; // a format that the browser does not know; the server may
  }
  redraw();
  say("Reading …");
  await read(content);
}

for (let digit = 0; digit < 10; digit++) {
  const row = $("bars").insertRow();
  row.innerHTML = `<th scope="row">${digit}</th><td><div class="track"><span></span></div></td><td></td>`;
}

paper.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || drawing !== null) return;
  drawing = event.pointerId;
  paper.setPointerCapture(drawing);
  begin(position(event));
  redraw();
});
paper.addEventListener("pointermove", (event) => {
  if (event.pointerId !== drawing) return;
  for (const part of event.getCoalescedEvents?.() ?? []) strokes.at(-1).push(position(part));
  strokes.at(-1).push(position(event));
  redraw();
});
for (const ending of ["pointerup", "pointercancel"]) {
  paper.addEventListener(ending, (event) => {
    if (event.pointerId !== drawing) return;
    drawing = null;
    readDrawing();
  });
}

paper.addEventListener("keydown", (event) => {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (event.key === " ") {
    penDown = !penDown;
    if (penDown) begin([...pen]);
    else readDrawing();
  } else if (move) {
    pen = pen.map((value, axis) => Math.min(390, Math.max(10, value + STEP * move[axis])));
    if (penDown) strokes.at(-1).push([...pen]);
  } else return;
  event.preventDefault();
  showPen();
});
paper.addEventListener("focus", () => paper.matches(":focus-visible") && showPen());
paper.addEventListener("blur", () => {
  if (penDown) readDrawing();
  penDown = false;
  redraw();
});
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) undo();
  else if (event.key === "Delete") reset();
  else return;
  event.preventDefault();
});

$("undo").onclick = undo;
$("clear").onclick = reset;
for (const id of ["choose", "photograph"]) {
  $(id).onchange = (event) => {
    readFile(event.target.files[0]);
    event.target.value = ""; // so that the same file can be chosen again
  };
}
document.addEventListener("paste", (event) => readFile(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  readFile(event.dataTransfer.files[0]);
});
redraw();
showBars(null);
