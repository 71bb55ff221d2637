// Shows a state of the live view. Text enters the page as text nodes only.

const MARKS = {
  bona_fide: "M6 13l4.500 4.500L19 8",
  attack: "M7 7l10 10M17 7L7 17",
  uncertain: "M9 9.500a3 3 0 1 1 4.200 2.700c-.8.4-1.200 1-1.200 1.800M12 17.500v.01",
  non_response: "M7 12h10",
  none: "M7 12h10",
};
const STEADY_MS = 1500; // that an outcome lasts before it is read out
const QUIET_MS = 4000; // between two that are read out

/** Whether tests are being selected: a state that was asked for before may still arrive. */
export const selecting = { isOn: false };

const get = (id) => document.getElementById(id);
const rows = new Map(); // parts of the row of each test
const shown = new Map(); // what each changing list shows
const spoken = { camera: "", notice: null, guide: "", outcome: "", since: 0, last: 0, read: "" };
let hasPicture = false;

/** Read a text out, politely. */
export function say(text) {
  get("status").textContent = text;
}

/** Note whether the picture comes. */
export function notePicture(isThere) {
  hasPicture = isThere;
  if (!isThere) veil("The picture does not come", "It may be open in four other windows; close one of them.");
}

/** Show a state. */
export function show(state) {
  showCamera(state.camera, state.rate);
  showDecision(state.decision);
  showTests(state);
  showCalibration(state);
  showNotice(state);
  readOut(state.decision);
}

/** Show no old decision while the program has too many requests to answer. */
export function showBusy() {
  showDecision(null);
  put("meaning", "Other programs send too many requests; the live view goes on when they stop.");
}

/** Say that the program has ended. */
export function end() {
  const words = "Start `facepad webcam` again, and open the address that it prints.";
  get("picture").hidden = true;
  veil("The live view has ended", words);
  put("camera-words", "The camera is off");
  put("rate", "");
  get("camera").dataset.status = "closed";
  get("guide").hidden = true;
  get("calibration").hidden = true;
  showDecision(null);
  put("outcome", "No decision");
  put("meaning", "The live view has ended.");
  for (const control of document.querySelectorAll("button, input")) control.disabled = true;
  document.title = "Ended - facepad";
  say(`The live view has ended. ${words.replaceAll("`", "")}`);
}

function veil(title, words) {
  get("veil").hidden = !title;
  put("veil-title", title);
  if (shown.get("veil") === words) return;
  shown.set("veil", words);
  get("veil-words").replaceChildren(...withCode(words));
}

function showCamera(camera, rate) {
  const size = camera.size ? `, ${camera.size[0]} × ${camera.size[1]} pixels` : "";
  const isRunning = camera.status === "running";
  for (const id of ["stage", "camera"]) get(id).dataset.status = camera.status;
  put("camera-words", upper(isRunning ? `${camera.name}${size}` : camera.words));
  put("rate", isRunning ? `${rate.toFixed(0)} frames a second` : "");
  get("rate").hidden = !isRunning;
  put("pause", camera.paused ? "Go on" : "Pause");
  if (isRunning && hasPicture) veil("", "");
  else if (camera.status === "retrying") veil("The camera cannot be used", retry(camera));
  else if (camera.paused) veil("Paused", "");
  else if (camera.status === "closed") veil("The camera is off", camera.words);
  else if (camera.status === "opening") veil("Opening the camera", upper(camera.words));
  const words = `${camera.status} ${camera.words}`;
  if (words === spoken.camera) return;
  const isFirst = !spoken.camera;
  spoken.camera = words;
  if (!isFirst || camera.status === "retrying") {
    say(camera.paused ? "Paused" : isRunning ? "The camera runs" : camera.words);
  }
}

function retry(camera) {
  const seconds = camera.retry_s === null ? null : Math.ceil(camera.retry_s);
  const next = seconds === null ? "Trying again." : `Next try in ${seconds} s.`;
  return `${upper(camera.words).replace(/[.\s]*$/, "")}. ${next}`;
}

function showDecision(decision) {
  const card = get("verdict");
  card.dataset.outcome = decision?.outcome ?? "none";
  get("mark").setAttribute("d", MARKS[decision?.outcome] ?? MARKS.none);
  put("outcome", decision?.words ?? "No decision yet");
  put("meaning", decision?.meaning ?? "The first one comes after a few seconds with a face in view.");
  const score = decision?.score ?? null;
  get("score").hidden = score === null;
  if (score !== null) {
    const interval = decision.interval;
    put("score-value", `Score ${score.toFixed(2)}`);
    put("score-range", interval ? `(${interval[0].toFixed(2)} to ${interval[1].toFixed(2)})` : "");
    scale(get("score-scale"), score, decision.point);
    put("score-limits", limits(decision.point, true));
  }
  const reasons = [
    ...(decision?.reasons ?? []),
    ...(decision?.notes ?? []).map((words) => ({ words, advice: "" })),
  ];
  list("reasons", reasons, ({ words, advice }) =>
    make("li", {}, make("b", {}, upper(words)), ...withCode(upper(advice))),
  );
}

function showTests(state) {
  for (const [index, test] of state.tests.entries()) {
    if (!rows.has(test.name)) addRow(test, index);
    const row = rows.get(test.name);
    if (!selecting.isOn) row.box.checked = test.selected;
    row.box.disabled = !test.selectable;
    row.line.dataset.role = test.role;
    const isScored = typeof test.score === "number";
    row.role.textContent = test.role === "off" ? "" : test.role;
    row.scale.hidden = !isScored;
    if (isScored) scale(row.scale, test.score, test.point);
    const words = test.reason ? withAdvice(test.reason) : isScored ? limits(test.point) : "";
    if (row.words.textContent !== words) row.words.textContent = words;
    row.number.textContent = isScored ? test.score.toFixed(2) : "–";
  }
  const about = `Each decision is about the last ${state.window_s} s.`;
  const calibration = state.calibration ? ` Calibration: ${state.calibration}.` : " No calibration.";
  put("tests-help", state.loading ? "Loading tests; the former ones go on until then." : about + calibration);
}

function addRow(test, index) {
  const box = make("input", { type: "checkbox", value: test.name });
  const key = index < 9 ? make("kbd", { "aria-hidden": "true" }, String(index + 1)) : null;
  const role = make("small", {});
  const place = make("div", { class: "scale", "aria-hidden": "true" }, make("span", { class: "point" }));
  const words = make("small", {});
  const number = make("td", { class: "number" });
  const name = test.name.split("_").flatMap((part, at) => (at ? ["_", make("wbr", {}), part] : [part]));
  const label = make("label", { class: "check" }, box, key, make("span", {}, ...name, " ", role));
  const line = make("tr", {}, make("th", { scope: "row" }, label), make("td", {}, place, words), number);
  if (index < 9) box.setAttribute("aria-keyshortcuts", String(index + 1));
  get("tests").append(line);
  rows.set(test.name, { line, box, role, scale: place, words, number });
}

function showCalibration({ calibrating }) {
  const isRunning = Boolean(calibrating?.running);
  const hadFocus = document.activeElement === get("cancel");
  if (get("guide").hidden === isRunning) get("guide").hidden = !isRunning;
  if (hadFocus && !isRunning) get("calibrate").focus();
  put("ended", calibrating && !isRunning ? `Calibration ${calibrating.name}: ${calibrating.words}` : "");
  get("ended").hidden = !calibrating || isRunning;
  if (!calibrating) return;
  put("guide-name", calibrating.name);
  put("guide-words", upper(calibrating.words));
  get("guide-progress").max = calibrating.wanted;
  get("guide-progress").value = calibrating.taken;
  put("guide-count", `${calibrating.taken} of ${calibrating.wanted}`);
  get("cancel").disabled = calibrating.step !== "taking";
  const words = `${calibrating.words}${isRunning ? `, ${calibrating.taken} of ${calibrating.wanted}` : ""}`;
  if (words !== spoken.guide) say((spoken.guide = words));
}

/** Show what happened last. */
function showNotice({ notice, saved }) {
  get("notice").hidden = !notice;
  put("notice", upper(notice));
  const heard = `${notice} ${saved ?? ""}`;
  if (spoken.notice !== null && heard !== spoken.notice && notice) say(notice);
  spoken.notice = heard;
}

/** Read an outcome out once it lasts, and not too often. */
function readOut(decision) {
  const now = performance.now();
  const words = decision ? `${decision.words}. ${decision.reasons.map((one) => `${one.words}: ${one.advice}`).join(". ")}` : "";
  if (words !== spoken.outcome) Object.assign(spoken, { outcome: words, since: now });
  const isSteady = now - spoken.since >= STEADY_MS && now - spoken.last >= QUIET_MS;
  if (!words || words === spoken.read || !isSteady) return;
  Object.assign(spoken, { read: words, last: now });
  say(words);
}

function scale(place, value, point) {
  place.toggleAttribute("data-plain", !point);
  if (point) {
    place.style.setProperty("--low", point.low);
    place.style.setProperty("--high", point.high);
  }
  place.querySelector(".point").style.setProperty("--at", value);
}

function limits(point, isWhole = false) {
  if (!point) return "";
  const [low, high] = [point.low.toFixed(2), point.high.toFixed(2)];
  return isWhole ? `Attack below ${low}, bona fide from ${high}` : `attack < ${low}, bona fide ≥ ${high}`;
}

const withAdvice = ({ words, advice }) => (advice ? `${words}: ${advice.replaceAll("`", "")}` : words);

function list(id, items, makeItem) {
  const key = JSON.stringify(items);
  if (shown.get(id) === key) return;
  shown.set(id, key);
  get(id).hidden = !items.length;
  get(id).replaceChildren(...items.map(makeItem));
}

function put(id, text) {
  if (get(id).textContent !== text) get(id).textContent = text;
}

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Text with what is between backticks as code. */
function withCode(text) {
  return text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
}

const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);
