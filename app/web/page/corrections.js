// Keeps corrections: in the folder of own pictures by way of the server, or in this tab.

import { post } from "./requests.js";
import { sha256 } from "./sha256.js";
import { zipped } from "./zip.js";

export const FOLDER = "data/own"; // of the project, where pictures that teach are

/** Save by way of the server. An answer is { label, name, path, is_new }, or { error }. */
export const onServer = {
  save: (label, content) => post(`teach?label=${encodeURIComponent(label)}`, content),
  undo: ({ label, name }) => post("teach/undo", new Blob([JSON.stringify({ label, name })], { type: "application/json" })),
};

const kept = new Map(); // from the name of a file to { label, bytes }

/** Keep in this tab, with the same answers. */
export const inTab = {
  async save(label, content) {
    let bytes;
    try {
      bytes = new Uint8Array(await content.arrayBuffer());
    } catch {
      return { error: "the file cannot be read, perhaps it was moved" };
    }
    const name = sha256(bytes).slice(0, 16) + suffixOf(bytes);
    kept.set(name, { label, bytes });
    return { label, name, path: `${FOLDER}/${label}/${name}`, is_new: true };
  },
  async undo({ name }) {
    kept.delete(name);
    return {};
  },
};

/** What is kept in this tab as a ZIP archive, which gives data/own when it is unpacked in the project's folder. */
export function archive() {
  return zipped([...kept].map(([name, { label, bytes }]) => [`${FOLDER}/${label}/${name}`, bytes]));
}

// How files of the formats that the server reads begin; of some the beginning is a few bytes later.
const BEGINNINGS = [
  [".png", /^\x89PNG/], [".jpg", /^\xff\xd8/], [".bmp", /^BM/], [".gif", /^GIF8/], [".tif", /^(II|MM)/],
  [".webp", /^RIFF....WEBP/s], [".avif", /^....ftypavi/s], [".heic", /^....ftyp/s], [".jxl", /^(\xff\x0a|....JXL )/s],
];

/** The suffix of the format that a picture really has. */
function suffixOf(bytes) {
  const start = String.fromCharCode(...bytes.slice(0, 16));
  return BEGINNINGS.find(([, pattern]) => pattern.test(start))?.[0] ?? ".png";
}
