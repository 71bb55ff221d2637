// The live view: asks for the state, shows it, and sends what buttons and keys ask for.

import { end, notePicture, say, selecting, show, showBusy } from "./shown.js";

const EVERY_MS = 250;
const HIDDEN_MS = 1500;
const ANSWER_MS = 5000; // after which a request counts as failed
const MOST_FAILURES = 4;
const AGAIN_MS = 3000; // until the picture is asked for again

const get = (id) => document.getElementById(id);
const picture = get("picture");
let state = null;
let hasEnded = false;
let isBusy = false; // the program runs, but has too many requests
let tries = 0;

async function follow() {
  let failures = 0;
  while (!hasEnded) {
    const found = await askState();
    failures = found || isBusy ? 0 : failures + 1;
    if (found && !hasEnded) present(found);
    if (isBusy) showBusy();
    if (failures >= MOST_FAILURES) {
      finish();
      lookAgain();
    }
    await wait(document.hidden ? HIDDEN_MS : EVERY_MS);
  }
}

/** The state; null where the program does not answer. */
async function askState() {
  try {
    const answer = await fetch("state", { signal: AbortSignal.timeout(ANSWER_MS) });
    isBusy = answer.status === 503;
    return answer.ok ? await answer.json() : null;
  } catch {
    isBusy = false;
    return null;
  }
}

function present(found) {
  state = found;
  try {
    show(state);
  } catch (error) {
    reportError(error); // the next state may be shown
  }
}

function finish() {
  if (hasEnded) return;
  hasEnded = true;
  end();
}

/** Load the page again if the program answers after all, as after the computer slept. */
async function lookAgain() {
  if (await askState()) location.reload();
  else setTimeout(lookAgain, AGAIN_MS);
}

/** Ask the program to do something; return whether it does. */
async function ask(action, body = {}) {
  if (hasEnded) return false;
  let words = "";
  try {
    const answer = await fetch(`do/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(4 * ANSWER_MS),
    });
    if (answer.status === 409) words = (await answer.json()).message;
    else if (!answer.ok) words = `The program refused this (${answer.status}).`;
  } catch {
    words = "The program does not answer.";
  }
  get("problem").textContent = words && words[0].toUpperCase() + words.slice(1);
  return !words;
}

const pause = () => ask("pause", { paused: !state?.camera.paused });
const save = () => ask("save");

async function quit() {
  if (await ask("stop")) finish();
}

function openCalibration() {
  if (state?.calibrating?.running) return get("cancel").focus();
  const form = get("calibration");
  form.hidden = !form.hidden;
  get("calibrate").setAttribute("aria-expanded", String(!form.hidden));
  if (form.hidden) return get("calibrate").focus();
  get("name").value ||= `webcam-${new Date().toISOString().slice(0, 10)}`;
  get("name").focus();
  get("name").select();
}

async function calibrate(event) {
  event.preventDefault();
  if (!(await ask("calibrate", { name: get("name").value.trim() }))) return get("name").focus();
  get("calibration").hidden = true;
  get("calibrate").setAttribute("aria-expanded", "false");
  get("guide").hidden = false;
  get("cancel").focus();
}

async function select(box) {
  const boxes = [...document.querySelectorAll("#tests input:checked")];
  if (!boxes.length) {
    get("problem").textContent = "At least one test must stay on.";
    box.checked = true;
    return;
  }
  selecting.isOn = true;
  await ask("tests", { tests: boxes.map((one) => one.value) });
  setTimeout(() => (selecting.isOn = false), 2 * EVERY_MS);
}

const KEYS = { s: save, c: openCalibration, q: quit, t: () => document.querySelector("#tests input")?.focus() };

function press(event) {
  const key = event.key.toLowerCase();
  const isTyping = event.target.matches?.("input[type=text]");
  if (!get("keys").checked || isTyping || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (key === " ") {
    if (event.target.closest?.("button, input, summary, a")) return; // which it presses
    event.preventDefault();
    pause();
  } else if (/^[1-9]$/.test(key)) {
    document.querySelectorAll("#tests input")[Number(key) - 1]?.click();
  } else if (key in KEYS) {
    event.preventDefault();
    KEYS[key]();
  }
}

function openPicture() {
  if (!hasEnded) picture.src = `picture?${(tries += 1)}`;
}

picture.addEventListener("load", () => notePicture(true));
picture.addEventListener("error", () => {
  notePicture(false);
  setTimeout(openPicture, AGAIN_MS);
});
get("pause").addEventListener("click", pause);
get("save").addEventListener("click", save);
get("quit").addEventListener("click", quit);
get("calibrate").addEventListener("click", openCalibration);
get("calibration").addEventListener("submit", calibrate);
get("cancel").addEventListener("click", () => ask("cancel"));
get("tests").addEventListener("change", (event) => select(event.target));
document.addEventListener("keydown", press);
// After a click with the mouse, Space is the key of the page again, not of the button.
document.addEventListener("click", (event) => {
  if (event.detail > 0) event.target.closest("button")?.blur();
});
get("keys").addEventListener("change", (event) => say(event.target.checked ? "Keys on" : "Keys off"));

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// After the page has loaded: the picture never ends, and the browser would go on loading.
if (document.readyState === "complete") openPicture();
else window.addEventListener("load", () => setTimeout(openPicture));
follow();
