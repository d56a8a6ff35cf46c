// What is on the sheet, every earlier state of it, and how it becomes a picture.
//
// A state is never changed, except that the stroke under the pen grows. Its `sheet` is the same
// object in all states from one empty sheet to the next.

export const SHEET_SIDE = 400; // units of the sheet's side, and pixels of a drawing that is sent
export const PEN_WIDTH = 20; // units
const MAX_SENT = 1600; // pixels of a picture's side that is sent; photos from phones are far larger
const MAX_SHOWN = 800; // pixels of a picture's side in memory: enough for a sharp screen
const MAX_STEPS = 200; // that can be undone
const MAX_PICTURES = 24; // in them; each takes megabytes

let present = empty();
let past = [];
let future = [];

function empty() {
  return { sheet: {}, strokes: [], picture: null };
}

export const state = () => present;
export const isEmpty = ({ strokes, picture }) => !strokes.length && !picture;
export const isVisible = ({ picture }) => !picture || Boolean(picture.bitmap);
export const canUndo = () => past.length > 0;
export const canRedo = () => future.length > 0;

/** Go to another state, as a step that can be undone. */
export function change(next) {
  past.push(present);
  while (past.length > MAX_STEPS || countPictures(past) > MAX_PICTURES) past.shift();
  future = [];
  present = next;
}

function countPictures(states) {
  return new Set(states.map(({ picture }) => picture).filter(Boolean)).size;
}

export function clear() {
  change(empty());
}

export function undo() {
  future.push(present);
  present = past.pop();
}

export function redo() {
  past.push(present);
  present = future.pop();
}

/** Begin a stroke at a point [x, y], over a picture if there is one that can be seen. */
export function begin(point) {
  const base = isVisible(present) ? present : empty();
  change({ ...base, strokes: [...base.strokes, [point]] });
}

/** Continue the last stroke. */
export function extend([x, y]) {
  const stroke = present.strokes.at(-1);
  const [lastX, lastY] = stroke.at(-1);
  if (x !== lastX || y !== lastY) stroke.push([x, y]);
}

/** Open a picture's file; it may be in a format that the server knows and the browser does not. */
export async function open(file) {
  let full;
  try {
    full = await createImageBitmap(file);
    const small = resized(full, MAX_SHOWN);
    const longer = Math.max(full.width, full.height);
    const content = longer > MAX_SENT ? await resized(full, MAX_SENT).convertToBlob() : file;
    return { sheet: {}, strokes: [], picture: { content, bitmap: small, ...colours(small) } };
  } catch {
    return { sheet: {}, strokes: [], picture: { content: file, bitmap: null } };
  } finally {
    full?.close();
  }
}

function resized(picture, maxSide) {
  const scale = Math.min(1, maxSide / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.ceil(picture.width * scale), Math.ceil(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** The colour of a picture's paper, taken along its border, and of a pen that is seen on it. */
function colours(picture) {
  const side = 16;
  const ink = new OffscreenCanvas(side, side).getContext("2d");
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, side, side);
  ink.drawImage(picture, 0, 0, side, side);
  const { data } = ink.getImageData(0, 0, side, side);
  const border = [...Array(side * side).keys()].filter((pixel) => {
    const [x, y] = [pixel % side, Math.floor(pixel / side)];
    return Math.min(x, y) === 0 || Math.max(x, y) === side - 1;
  });
  const median = (values) => values.sort((one, other) => one - other)[values.length >> 1];
  const [red, green, blue] = [0, 1, 2].map((channel) => median(border.map((pixel) => data[4 * pixel + channel])));
  return { paper: `rgb(${red}, ${green}, ${blue})`, pen: red + green + blue < 384 ? "#fff" : "#111" };
}

/** Where a picture of this size lies on the sheet, in units. */
export function place({ width, height }) {
  const scale = SHEET_SIDE / Math.max(width, height);
  const [w, h] = [width * scale, height * scale];
  return { left: (SHEET_SIDE - w) / 2, top: (SHEET_SIDE - h) / 2, width: w, height: h };
}

/** Paint a state in a canvas, with so many pixels a unit; `area` is the part of the sheet there. */
export function paint(canvas, { strokes, picture }, scale, area = { left: 0, top: 0 }) {
  const ink = canvas.getContext("2d");
  ink.setTransform(scale, 0, 0, scale, -area.left * scale, -area.top * scale);
  ink.fillStyle = picture?.paper ?? "#fff";
  ink.fillRect(0, 0, SHEET_SIDE, SHEET_SIDE);
  if (picture?.bitmap) {
    const { left, top, width, height } = place(picture.bitmap);
    ink.fillStyle = "#fff"; // under what is transparent, as the server does it
    ink.fillRect(left, top, width, height);
    ink.drawImage(picture.bitmap, left, top, width, height);
  }
  ink.lineWidth = PEN_WIDTH;
  ink.lineCap = ink.lineJoin = "round";
  ink.strokeStyle = ink.fillStyle = picture?.pen ?? "#111";
  for (const [start, ...points] of strokes) {
    ink.beginPath();
    if (points.length) ink.moveTo(...start);
    else ink.arc(...start, PEN_WIDTH / 2, 0, 2 * Math.PI); // a line of no length would not be seen
    for (const point of points) ink.lineTo(...point);
    points.length ? ink.stroke() : ink.fill();
  }
}

/** The picture to send: the file itself, unless something is drawn. */
export function content(shown) {
  const { strokes, picture } = shown;
  if (picture && !strokes.length) return picture.content;
  // What lies around a picture is not its paper: it is sent only if something is drawn there.
  const inPicture = picture && strokes.flat().every((point) => isInside(point, place(picture.bitmap)));
  const area = place(inPicture ? picture.bitmap : { width: SHEET_SIDE, height: SHEET_SIDE });
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(area.width);
  canvas.height = Math.ceil(area.height);
  paint(canvas, shown, 1, area);
  // Not toBlob: browsers encode it when they are idle, which they are not while somebody draws.
  const text = atob(canvas.toDataURL("image/png").split(",")[1]);
  return new Blob([Uint8Array.from(text, (character) => character.charCodeAt(0))], { type: "image/png" });
}

function isInside([x, y], { left, top, width, height }) {
  return x >= left && x <= left + width && y >= top && y <= top + height;
}
