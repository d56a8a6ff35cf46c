"use strict";

const PEN_WIDTH = 20; // of the drawing's 400 pixels
const PEN_STEP = 8; // pixels that an arrow key moves the pen
const MAX_SIDE = 1600; // pixels of a picture that is sent; photos from phones are far larger
const $ = (id) => document.getElementById(id);
const paper = $("paper");
const ink = paper.getContext("2d");
let strokes = []; // each a list of [x, y]
let picture = null; // the picture that was dropped, pasted or chosen
let drawingPointer = null; // the id of the pointer that is drawing
let pen = [200, 200]; // the position of the pen that the keys move
let penDown = false;
let latestRequest = 0; // the index of the latest request; answers to earlier ones are ignored

function redraw() {
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, paper.width, paper.height);
  if (picture) {
    const scale = Math.min(paper.width / picture.width, paper.height / picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    ink.drawImage(picture, (paper.width - width) / 2, (paper.height - height) / 2, width, height);
  }
  ink.lineWidth = PEN_WIDTH;
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

function showPen() { // marks where the keys draw; the mark is not part of the drawing
  redraw();
  ink.lineWidth = 2;
  ink.strokeStyle = penDown ? "#b3450b" : "#1f5fbf";
  ink.beginPath();
  ink.arc(...pen, PEN_WIDTH / 2 + 3, 0, 2 * Math.PI);
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

function say(text, isError = false) {
  $("answer").textContent = text;
  $("answer").classList.toggle("error", isError);
}

const percent = (value) => `${(100 * value).toFixed(1)} %`;

function showBars(digit) {
  $("caption").textContent = digit ? `Probability of each digit: ${digit.digit} is likeliest` : "Probability of each digit";
  [...$("bars").rows].forEach((row, label) => {
    const value = digit ? digit.probabilities[label] : 0;
    row.classList.toggle("best", Boolean(digit) && label === digit.digit);
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

async function recognise(content) {
  const request = ++latestRequest;
  let answer;
  try {
    const response = await fetch("read", { method: "POST", body: content });
    answer = await response.json();
  } catch {
    answer = { error: "the server does not answer: is it still running?" };
  }
  if (request !== latestRequest) return;
  if (answer.error) {
    showDigits([]);
    say(`Could not be recognised: ${answer.error}`, true);
    return;
  }
  showDigits(answer.digits);
  if (answer.reason) say(`No digit: ${answer.reason}.`, true);
  else if (answer.digits.length === 1) say(`${answer.digits[0].digit}, ${percent(answer.digits[0].confidence)} sure`);
  else say(answer.digits.map((digit) => digit.digit).join(" "));
}

function recogniseDrawing() {
  redraw();
  if (!strokes.length) return reset();
  paper.toBlob(recognise, "image/png");
}

function liftPen() { // otherwise the next move would extend a stroke that was removed
  penDown = false;
  drawingPointer = null;
}

function reset() {
  latestRequest += 1;
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
  recogniseDrawing();
}

async function loadFile(file) {
  if (!file) return;
  liftPen();
  strokes = [];
  latestRequest += 1;
  let content = file;
  try {
    picture = await createImageBitmap(file);
    const scale = MAX_SIDE / Math.max(picture.width, picture.height);
    if (scale < 1) {
      const small = new OffscreenCanvas(Math.ceil(picture.width * scale), Math.ceil(picture.height * scale));
      small.getContext("2d").drawImage(picture, 0, 0, small.width, small.height);
      content = await small.convertToBlob({ type: "image/png" });
    }
  } catch {
    picture = null; // the server may know a format that the browser does not
  }
  redraw();
  say("Recognising …");
  await recognise(content);
}

for (let digit = 0; digit < 10; digit++) {
  const row = $("bars").insertRow();
  row.innerHTML = `<th scope="row">${digit}</th><td><div class="track"><span></span></div></td><td></td>`;
}

paper.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || drawingPointer !== null) return;
  drawingPointer = event.pointerId;
  paper.setPointerCapture(drawingPointer);
  begin(position(event));
  redraw();
});
paper.addEventListener("pointermove", (event) => {
  if (event.pointerId !== drawingPointer) return;
  for (const part of event.getCoalescedEvents?.() ?? []) strokes.at(-1).push(position(part));
  strokes.at(-1).push(position(event));
  redraw();
});
for (const ending of ["pointerup", "pointercancel"]) {
  paper.addEventListener(ending, (event) => {
    if (event.pointerId !== drawingPointer) return;
    drawingPointer = null;
    recogniseDrawing();
  });
}

paper.addEventListener("keydown", (event) => {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (event.key === " ") {
    penDown = !penDown;
    if (penDown) begin([...pen]);
    else recogniseDrawing();
  } else if (move) {
    pen = pen.map((value, axis) => Math.min(390, Math.max(10, value + PEN_STEP * move[axis])));
    if (penDown) strokes.at(-1).push([...pen]);
  } else return;
  event.preventDefault();
  showPen();
});
paper.addEventListener("focus", () => paper.matches(":focus-visible") && showPen());
paper.addEventListener("blur", () => {
  if (penDown) recogniseDrawing();
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
    loadFile(event.target.files[0]);
    event.target.value = ""; // otherwise the same file could not be chosen again
  };
}
document.addEventListener("paste", (event) => loadFile(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  loadFile(event.dataTransfer.files[0]);
});
fetch("model").then((response) => response.json()).then((answer) => $("model").textContent = answer.model);
redraw();
showBars(null);
