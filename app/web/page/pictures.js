// Pictures that are chosen, photographed, dropped or pasted.

import { say } from "./say.js";

/** Call `load` with the files that somebody gives. */
export function receivePictures(load) {
  for (const id of ["choose", "photograph"]) {
    document.getElementById(id).onchange = (event) => {
      load([...event.target.files]);
      event.target.value = ""; // otherwise the same file could not be chosen again
    };
  }
  document.addEventListener("paste", (event) => receive(event.clipboardData, "pasted", load));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    receive(event.dataTransfer, "dropped", load);
  });
}

function receive(data, how, load) {
  if (data.files.length) return load([...data.files]);
  const text = data.getData("text/uri-list") || data.getData("text/plain");
  if (/^\s*https?:\S+\s*$/.test(text)) {
    say(`You ${how} a link. Save its picture as a file first, then drop the file here.`);
  } else if (text.trim()) {
    say(`You ${how} text. Only pictures are read here: draw it, or take a photo of it.`);
  } else {
    say(`There was no picture in what you ${how}.`);
  }
}

/** Whether a file can be opened; a folder that was dropped cannot. */
export async function canBeOpened(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
