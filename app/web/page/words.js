// What the page says, in words that a child understands.

// A runner-up with at least one chance in five is named too: somebody who looks at such a digit
// would name both.
const NEAR = 0.2;

// The reasons of app/rejection.py, and what to say instead.
const REFUSALS = [
  [/except for small specks/, () => "That is very small. Make it bigger."],
  [/blank/, () => "Nothing can be seen here. Is the writing dark enough?"],
  [/^found (\d+) separate shapes/, (count) => `These are ${count} separate shapes, too many to read at once.`],
  [/several rows/, () => "The digits are below each other. Put them side by side, in one line."],
  [/too wide/, () => "That is too wide for a digit. Leave a gap between digits."],
  [/filled shape/, () => "That is a filled shape. Digits are made of lines."],
  [/most likely a (\d), but with only (.*) confidence/, (digit, sure) =>
    `Hard to tell: perhaps a ${digit}, but only ${sure} sure. Try to make it clearer.`],
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
  return reason && `No digit: ${reason}.`;
}

/** The answer in two parts: the digits, and how sure they are. */
export function describe(answer) {
  const refused = refusal(answer);
  if (refused) return { headline: "", detail: refused };
  const digits = answer.digits;
  const headline = digits.map((digit) => digit.digit + (rival(digit) === null ? "" : "?")).join(" ");
  const doubts = digits.filter((digit) => rival(digit) !== null);
  const least = percent(Math.min(...digits.map((digit) => digit.confidence)));
  if (digits.length === 1) {
    const [{ digit }] = digits;
    return { headline, detail: doubts.length ? `could be ${digit} or ${rival(digits[0])}` : `${least} sure` };
  }
  const detail = doubts.map((digit) => `${digit.digit} could be ${rival(digit)}`).join(", ");
  return { headline, detail: detail || `each ${least.replace(/^\d/, "at least $&")} sure` };
}

/** The answer in a word or two. */
export function summary(answer) {
  if (answer.error) return "not read";
  return describe(answer).headline.replaceAll(" ", "") || "no digit";
}

/** The answer as one line of text. */
export function asText({ digits }) {
  const parts = digits.map((digit) => {
    const second = rival(digit);
    const or = second === null ? "" : `, or ${second}: ${percent(digit.probabilities[second])}`;
    return `${digit.digit} (${percent(digit.confidence)}${or})`;
  });
  return digits.length === 1 ? parts[0] : `${digits.map((digit) => digit.digit).join("")}: ${parts.join(", ")}`;
}
