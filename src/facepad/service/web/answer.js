// Shows an answer of /v1/liveness/image. Text enters the page as text nodes only.

const SVG = "http://www.w3.org/2000/svg";
const DECISIONS = {
  live: ["Live", "The picture shows a living person, as far as one picture can show it.", "M6 13l4.500 4.500L19 8"],
  spoof: ["Spoof", "The picture looks like a picture, a screen or a mask.", "M7 7l10 10M17 7L7 17"],
  uncertain: ["Uncertain", "The check cannot decide.", "M9 9.500a3 3 0 1 1 4.200 2.700c-.8.4-1.200 1-1.200 1.800M12 17.500v.01"],
  no_response: ["No response", "The picture cannot be judged.", "M7 12h10"],
};
// Name, unit, decimals and factor of each measure of the capture.
const MEASURES = {
  brightest: ["Face highlights", " / 255", 0],
  contrast: ["Face contrast", " / 255", 0],
  shadow: ["Depth of shadows", "", 2],
  clipped_face: ["Overexposed, face", " %", 1, 100],
  clipped: ["Overexposed, picture", " %", 1, 100],
  blur: ["Blur", "", 2],
  motion: ["Motion blur", "", 2],
  colour: ["Colourfulness", "", 2],
  covered: ["Face covered", " %", 0, 100],
  yaw_deg: ["Head turned", "°", 0],
  pitch_deg: ["Head raised, lowered", "°", 0],
};
const UNSHOWN = new Set(["judgeable"]);
const STEPS = {
  queue: "Wait in the queue",
  decode: "Decode",
  faces: "Find the face",
  capture: "Judge the capture",
  total: "Server total",
};

/** Make an element; `attributes` named --x are custom properties. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("--")) node.style.setProperty(name, value);
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** The word of a decision. */
export function word(result) {
  return DECISIONS[result.decision]?.[0] ?? String(result.decision);
}

/** One sentence of an answer, for a screen reader. */
export function spoken(result) {
  const reasons = (result.reasons ?? []).map((reason) => `${reason.text}: ${reason.advice ?? ""}`);
  const score = isNumber(result.score) ? `, score ${result.score.toFixed(2)}` : "";
  return `${word(result)}${score}. ${reasons.join(". ")}`.trim();
}

/** Replace what `place` holds by an answer. */
export function show(place, result, seconds) {
  const details = result.document ?? {};
  const open = place.querySelector("details")?.open ?? false;
  const parts = [
    verdict(result, details, seconds),
    tests(details),
    make("div", { class: "pair" }, capture(details), timings(result, details)),
    raw(result, open),
  ];
  place.replaceChildren(...parts.filter((part) => part !== null));
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const decides = (point) => point && isNumber(point.low) && (point.low > 0 || point.high < 1);

function card(title, ...children) {
  return make("div", { class: "card" }, make("h3", { class: "title" }, title), ...children);
}

function verdict(result, details, seconds) {
  const [title, sentence, path] = DECISIONS[result.decision] ?? [word(result), "", "M7 12h10"];
  const waited = make("p", { class: "help number" }, `Answer after ${seconds.toFixed(2)} s`);
  return make(
    "div",
    { class: "card verdict", "data-decision": result.decision },
    make(
      "div",
      { class: "headline" },
      mark(path),
      make("h3", {}, title),
      make("p", { class: "sentence" }, sentence),
    ),
    reasons(result.reasons ?? []),
    score(result.score, details, waited),
  );
}

function mark(path) {
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("width", "30");
  drawing.setAttribute("height", "30");
  drawing.append(line);
  return make("span", { class: "mark", "aria-hidden": "true" }, drawing);
}

function reasons(found) {
  if (!found.length) return null;
  const items = found.map(({ text, advice, operator_advice: operator }) =>
    make(
      "li",
      {},
      make("b", {}, upper(text)),
      ...withCode(upper(advice ?? "")),
      ...(operator ? withCode(`. Operator: ${operator}`) : []),
    ),
  );
  return make("ul", { class: "reasons", "aria-label": "Reasons" }, ...items);
}

function score(value, details, waited) {
  if (!isNumber(value)) return waited;
  const point = details.operating_point;
  const interval = details.interval;
  const range = interval ? ` (${interval[0].toFixed(2)} to ${interval[1].toFixed(2)})` : "";
  return make(
    "div",
    {},
    make(
      "div",
      { class: "score" },
      make("p", { class: "number" }, make("b", {}, `Score ${value.toFixed(2)}`), range),
      waited,
    ),
    scale(value, point, interval),
    limits(point),
  );
}

function limits(point) {
  if (!decides(point)) return null;
  const text = `Spoof below ${point.low.toFixed(2)}, live from ${point.high.toFixed(2)}`;
  return make("p", { class: "help number" }, text);
}

function scale(value, point, interval) {
  const known = decides(point);
  const band = known ? { "--low": point.low, "--high": point.high } : { "data-plain": "" };
  return make(
    "div",
    { class: "scale", "aria-hidden": "true", ...band },
    interval
      ? make("span", { class: "interval", "--from": interval[0], "--to": interval[1] })
      : null,
    make("span", { class: "point", "--at": value }),
  );
}

function tests(details) {
  const scores = Object.entries(details.tests ?? {});
  const left = Object.entries(details.left_out ?? {});
  if (!scores.length && !left.length) return null;
  const advisory = new Set(details.advisory ?? []);
  const rows = scores.map(([name, test]) => testRow(name, test, advisory.has(name)));
  rows.push(...left.map(([name, reason]) => testRow(name, { reason }, advisory.has(name))));
  const head = ["Test", "On the scale from 0 to 1", "Score"].map((text) =>
    make("th", { scope: "col" }, text),
  );
  const table = make(
    "table",
    { class: "tests" },
    make("caption", { class: "unseen" }, "Scores of the tests"),
    make("thead", { class: "unseen" }, make("tr", {}, ...head)),
    make("tbody", {}, ...rows),
  );
  return card("Tests", table);
}

function testRow(name, test, isAdvisory) {
  const value = test.score;
  const role = isAdvisory ? "advisory" : test.reason ? "abstains" : "decides";
  const why = test.reason ? make("small", {}, plain(test.reason)) : null;
  const point = test.operating_point;
  const limit = decides(point)
    ? make("small", {}, `spoof below ${point.low.toFixed(2)}, live from ${point.high.toFixed(2)}`)
    : null;
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, name, make("small", {}, role)),
    make("td", {}, isNumber(value) ? scale(value, point, test.interval) : null, limit, why),
    make("td", { class: "number" }, isNumber(value) ? value.toFixed(2) : "–"),
  );
}

function capture(details) {
  const measures = Object.entries(details.capture?.measures ?? {});
  const rows = measures.filter(([name]) => !UNSHOWN.has(name)).map(measure);
  if (!rows.length) rows.push(make("p", { class: "help" }, "Not measured without a face."));
  return card("Capture", facts(rows));
}

function measure([name, value]) {
  const [title, unit, decimals, factor] = MEASURES[name] ?? [plain(name), "", 3];
  return fact(title, `${(value * (factor ?? 1)).toFixed(decimals).replace(/^-(0\.?0*)$/, "$1")}${unit}`);
}

function timings(result, details) {
  const steps = Object.entries(result.timings ?? details.timings_ms ?? {}).filter(([, ms]) =>
    isNumber(ms),
  );
  const total = steps.find(([name]) => name.replace(/_ms$/, "") === "total")?.[1];
  const longest = total ?? Math.max(1, ...steps.map(([, ms]) => ms));
  const rows = steps.map(([name, ms]) => {
    const step = name.replace(/_ms$/, "");
    const isTotal = step === "total";
    const bar = isTotal ? { class: "total" } : { class: "share", "--share": Math.min(1, ms / longest) };
    return fact(STEPS[step] ?? step, `${ms.toFixed(0)} ms`, bar);
  });
  return card("Timings", facts(rows));
}

function facts(rows) {
  return rows[0]?.tagName === "P" ? rows[0] : make("dl", { class: "facts" }, ...rows);
}

function fact(title, value, attributes = {}) {
  return make("div", attributes, make("dt", {}, title), make("dd", {}, value));
}

function raw(result, open) {
  const text = make("pre", { tabindex: "0", "aria-label": "Answer as JSON" });
  text.textContent = JSON.stringify(result, null, 2);
  const attributes = open ? { class: "card raw", open: "" } : { class: "card raw" };
  return make("details", attributes, make("summary", {}, "Whole answer as JSON"), text);
}

/** Text with what is between backticks as code. */
function withCode(text) {
  return text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
}

const plain = (name) => String(name).replaceAll("_", " ");
const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);
