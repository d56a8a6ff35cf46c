// What the page says, in words that a child understands.

import { areDigits, names } from "./classes.js";

// A runner-up with at least one chance in five is named too: somebody who looks at such a digit
// would name both.
const NEAR = 0.2;

// The reasons of pictures/layout.py, app/rejection.py and app/class_reader.py, and what to say instead.
const REFUSALS = [
  [/except for small specks/, () => "That is very small. Make it bigger."],
  [/blank/, () => "Nothing can be seen here. Is the writing dark enough?"],
  [/^found (\d+) separate shapes/, (count) => `These are ${count} separate shapes, too many to read at once.`],
  [/several rows/, () => "The digits are below each other. Put them side by side, in one line."],
  [/too wide/, () => "That is too wide for a digit. Digits are seldom wider than high."],
  [/filled shape/, () => "That is a filled shape. Digits are made of lines."],
  [/looks like no digit/, () => "That looks like no digit. If it is one, write it more clearly."],
  [/looks like no row of digits/, () => "That looks like no row of digits. Letters and words are not read."],
  [/several digits, but with only (.*) confidence/, (sure) =>
    `Hard to tell: several digits, but only ${sure} sure which. Give each a little more room.`],
  [/most likely a (\d), but with only (.*) confidence/, (digit, sure) =>
    `Hard to tell: perhaps a ${digit}, but only ${sure} sure. Try to make it clearer.`],
  [/most likely (.+), but with only (.*) confidence/, (name, sure) => `Hard to tell: perhaps ${name}, but only ${sure} sure.`],
];

/** A probability in percent. The model is never certain, so neither 100 nor 0 is ever said. */
export function percent(probability) {
  const text = (100 * probability).toFixed(1);
  if (text === "100.0") return "over 99.9 %";
  return text === "0.0" || text === "-0.0" ? "under 0.1 %" : `${text} %`;
}

/** The second likeliest digit if it is nearly as likely as the first, else null. */
function rival({ digit, probabilities }) {
  const others = probabilities.map((value, label) => (label === digit ? -1 : value));
  const second = others.indexOf(Math.max(...others));
  return others[second] >= NEAR ? second : null;
}

/** Why there is no answer, or "" if there is one. */
export function refusal({ error, reason }) {
  if (error) return `This could not be read: ${error}.`;
  for (const [pattern, words] of REFUSALS) {
    const match = reason.match(pattern);
    if (match) return words(...match.slice(1));
  }
  return reason && `${areDigits() ? "No digit" : "Not recognised"}: ${reason}.`;
}

/** The text of a row, or a class, with a question mark after each that has a rival. */
function withDoubts({ text, digits }) {
  if (!areDigits()) return text + (rival(digits[0]) === null ? "" : "?");
  const left = [...digits];
  return text.replace(/\d/g, (digit) => digit + (rival(left.shift()) === null ? "" : "?"));
}

/** What a digit was read as: itself, or no digit where the picture was refused and looks so. */
export function nameOf({ digit, confidence, none }, { reason }) {
  if (reason && none > 0.5) return { name: "no digit", sure: percent(none), caption: "no digit" };
  return { name: names[digit], sure: percent(confidence), caption: percent(confidence) };
}

/** The answer in two parts: the digits, and how sure they are. */
export function describe(answer) {
  const refused = refusal(answer);
  if (refused) return { headline: "", detail: refused };
  const digits = answer.digits;
  const headline = withDoubts(answer);
  if (digits.length === 1) {
    const [{ digit, confidence, taught }] = digits;
    const second = rival(digits[0]);
    const sure = second === null ? `${percent(confidence)} sure` : `could be ${names[digit]} or ${names[second]}`;
    return { headline, detail: taught ? `${sure}, as you taught it` : sure };
  }
  const doubts = digits.filter((digit) => rival(digit) !== null);
  const parts = doubts.map((digit) => `${digit.digit} could be ${rival(digit)}`);
  return { headline, detail: [...parts, `${percent(answer.confidence)} sure of the whole row`].join(", ") };
}

/** The answer in a word or two. */
export function summary(answer) {
  if (answer.error) return "not read";
  return describe(answer).headline || (areDigits() ? "no digit" : "not recognised");
}

/** The answer as one line of text. */
export function asText({ text, confidence, digits }) {
  const parts = digits.map((digit) => {
    const second = rival(digit);
    const or = second === null ? "" : `, or ${names[second]}: ${percent(digit.probabilities[second])}`;
    return `${names[digit.digit]} (${percent(digit.confidence)}${or})`;
  });
  return digits.length === 1 ? parts[0] : `${text} (${percent(confidence)}): ${parts.join(", ")}`;
}
