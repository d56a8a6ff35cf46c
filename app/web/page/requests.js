// What is asked of the server. Each answer is an object; after a failure it has an `error`.

const DRAFT_GAP = 100; // milliseconds between drawings that are read while somebody draws: with
// ten a second, a class that draws at once does not ask for more than the server can read

let current = null; // the reading that is under way
let next = null; // the newest one that waits for it
let draftTimer = null;

export function post(path, body, signal) {
  return answerTo(path, body, signal, async (response) => parsed(await response.text()));
}

/** Ask for a picture, which the answer has as its `picture`, a blob. */
export function postForPicture(path, body, signal) {
  return answerTo(path, body, signal, async (response) =>
    isPicture(response) ? { picture: await response.blob() } : parsed(await response.text()));
}

const isPicture = (response) => response.ok && response.headers.get("content-type") === "image/png";

async function answerTo(path, body, signal, take) {
  let response, answer;
  try {
    response = await fetch(path, { method: "POST", body, signal });
    answer = await take(response);
  } catch {
    return { error: "the server does not answer, perhaps it is no longer running" };
  }
  if (response.ok ? answer : answer?.error) return answer;
  const words = response.status === 413 ? ": the picture is too large for it" : "";
  return { error: `a proxy answered in place of the server, with status ${response.status}${words}` };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the HTML of a proxy
  }
}

/** Read the picture that `take` gives and call `show` with the answer.
 *
 * One picture is under way at a time. Of those that wait only the newest is read, so an answer
 * never replaces that to a newer picture.
 */
export async function read(take, show) {
  clearTimeout(draftTimer);
  draftTimer = null;
  next = { take, show, stop: new AbortController() };
  if (current) return;
  try {
    while (next) {
      current = next;
      next = null;
      const answer = await post("read", current.take(), current.stop.signal);
      if (!current.stop.signal.aborted) current.show(answer);
    }
  } finally {
    current = null;
  }
}

/** Read a drawing that is not finished, soon. */
export function readDraft(take, show) {
  draftTimer ??= setTimeout(read, DRAFT_GAP, take, show);
}

/** Drop what is being read: it is no longer on the sheet. */
export function dropReadings() {
  clearTimeout(draftTimer);
  draftTimer = null;
  next = null;
  current?.stop.abort();
}

/** Which model reads, its classes, and where it is taught; "unknown" alone if the server does not say. */
export async function describeModel() {
  try {
    return await (await fetch("model")).json();
  } catch {
    return { model: "unknown" };
  }
}
