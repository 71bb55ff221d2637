// The page /try: one picture or the webcam, one request at a time, the answer beside it.

import { make, show, spoken, word } from "./answer.js";
import * as camera from "./camera.js";
import { fitted, grab } from "./stills.js";

const CHECK = "/try/liveness/image"; // as /v1/liveness/image, but without a key on loopback
const STILL_EVERY_MS = 500;
const ANSWER_WITHIN_MS = 20_000;
const AGAIN_AFTER_MS = 2_000; // where the server names no time
const TRIES = 6; // of a file while the server is busy or starts
const SPEAK_EVERY_MS = 2_500; // of the webcam: a new outcome must not cut off the last one

const byId = (id) => document.getElementById(id);
const [stage, frame, picture, video, box] = ["stage", "frame", "picture", "video", "box"].map(byId);
const answer = byId("details");
const legend = answer.firstElementChild; // shown while there is no answer
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const settings = document.documentElement.dataset; // written by the server
const limits = { side: Number(settings.side), bytes: Number(settings.bytes) };

let key = ""; // in memory only
let keyUsed = () => {}; // what to repeat with a new key
let running = null; // the webcam: its stream, the last still, and what was spoken last
let request = null; // the request in flight
let turn = 0; // grows with each source, so that a file which is ready too late is not sent

// --- One check ----------------------------------------------------------------------------

class Refused extends Error {
  constructor(title, text, { status = 0, again = AGAIN_AFTER_MS } = {}) {
    super(text);
    Object.assign(this, { title, status, again, isBusy: status === 429 || status === 503 });
  }
}

/** Send one picture; a request that is still in flight is given up. */
async function check(blob) {
  request?.abort();
  const mine = (request = new AbortController());
  const limit = setTimeout(() => mine.abort("late"), ANSWER_WITHIN_MS);
  const body = new FormData();
  body.append("image", blob, "picture");
  const headers = { Accept: "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
  stage.dataset.busy = "";
  try {
    const response = await fetch(CHECK, { method: "POST", body, headers, signal: mine.signal });
    if (!response.ok) throw await refusal(response);
    return (await response.json()).results[0];
  } catch (error) {
    if (error instanceof Refused) throw error;
    if (mine.signal.aborted && mine.signal.reason !== "late") return null; // replaced
    throw unanswered(mine.signal.aborted);
  } finally {
    clearTimeout(limit);
    if (request === mine) {
      request = null;
      delete stage.dataset.busy;
    }
  }
}

function unanswered(late) {
  const title = late ? "The server takes too long" : "The server does not answer";
  const text = late
    ? `There was no answer within ${ANSWER_WITHIN_MS / 1000} seconds.`
    : "Check that it runs and that this computer reaches it.";
  return new Refused(title, text);
}

async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("Retry-After"));
  const again = seconds > 0 ? seconds * 1000 : AGAIN_AFTER_MS;
  const id = problem.request_id ? ` (request ${problem.request_id})` : "";
  const text = `${problem.detail ?? `The server answered with status ${response.status}.`}${id}`;
  const { status } = response;
  return new Refused(problem.title ?? "The server refused the picture", text, { status, again });
}

// --- A file -------------------------------------------------------------------------------

async function checkFile(file) {
  const started = performance.now();
  const mine = (turn += 1);
  stopWebcam();
  clear();
  if (!file.size) return report("This is no picture", "The file is empty, or it is a folder.");
  showPicture(file);
  awaitAnswer("Checking the picture");
  try {
    const { blob, note } = await fitted(file, picture, limits);
    if (turn !== mine) return null;
    const result = await checkPatiently(blob, mine);
    if (!result) return null;
    byId("problem").replaceChildren();
    finish(result, started, note);
    return say(spoken(result));
  } catch (error) {
    if (turn !== mine) return null;
    noAnswer();
    return refused(error, () => checkFile(file));
  }
}

/** Check again for a while where the server is busy; null when another source was chosen. */
async function checkPatiently(blob, mine) {
  for (let left = TRIES - 1; turn === mine; left -= 1) {
    try {
      return await check(blob);
    } catch (error) {
      if (!error.isBusy || left === 0 || turn !== mine) throw error;
      report(error.title, `${error.message} The next try follows by itself.`);
      await later(error.again);
    }
  }
  return null;
}

function finish(result, started, note = "") {
  const seconds = (performance.now() - started) / 1000;
  show(answer, result, seconds);
  delete answer.dataset.stale;
  drawBox(result);
  byId("caption").textContent = `${inWords(result)}${note}`;
  byId("caption").hidden = false;
}

function showPicture(blob) {
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(blob);
  picture.hidden = false;
  video.hidden = true;
  stage.dataset.state = "picture";
}

function drawBox(result) {
  const { face } = result;
  box.hidden = !face || frame.offsetHeight === 0;
  if (!face) return;
  const mirrored = "mirrored" in frame.dataset;
  const left = mirrored ? 1 - face.left - face.width : face.left;
  for (const [name, value] of Object.entries({ ...face, left })) {
    box.style.setProperty(`--${name}`, value);
  }
  box.dataset.decision = result.decision;
}

/** What the box shows, in words. */
function inWords({ face, document: details = {} }) {
  const [width, height] = details.source_size ?? [];
  const size = width ? `Picture of ${width} × ${height} pixels` : "Picture";
  if (!face) return `${size}, no face found`;
  const others = details.face?.others;
  const pixels = width ? ` of ${Math.round(face.width * width)} × ${Math.round(face.height * height)}` : "";
  const more = others ? `, ${others} more not judged` : "";
  return `${size}, face${pixels}${more}`;
}

// --- The webcam ---------------------------------------------------------------------------

async function startWebcam(deviceId) {
  const clicked = performance.now();
  turn += 1;
  stopWebcam();
  clear();
  awaitAnswer("Opening the camera");
  setWebcamButton("Stop the webcam");
  const mine = (running = { stream: null, spoken: "", spokenAt: -Infinity });
  try {
    mine.stream = await camera.open(deviceId);
    if (running !== mine) return camera.close(mine.stream);
    await play(mine.stream);
  } catch (error) {
    if (running !== mine) return null;
    stopWebcam();
    const [title, text] = await camera.explain(error);
    return report(title, text, () => startWebcam(deviceId), "camera");
  }
  listCameras();
  return sendStills(mine, clicked);
}

async function play(stream) {
  const [track] = stream.getVideoTracks();
  track.addEventListener("ended", () => running?.stream === stream && disconnected());
  const back = track.getSettings().facingMode === "environment";
  frame.toggleAttribute("data-mirrored", !back);
  video.srcObject = stream;
  video.hidden = false;
  picture.hidden = true;
  stage.dataset.state = "webcam";
  setWebcamButton("Stop the webcam");
  await video.play();
}

async function disconnected() {
  stopWebcam();
  const [title, text] = await camera.explain({ name: "Disconnected" });
  report(title, text, () => startWebcam(), "camera");
}

/** Send stills one at a time: the next one only after the answer. */
async function sendStills(mine, clicked) {
  let started = clicked; // of the first still the time counts from the click
  while (running === mine) {
    const grabbed = performance.now();
    const still = document.hidden ? null : await grab(video);
    if (still && running === mine) await checkStill(mine, still, started);
    await later(Math.max(0, STILL_EVERY_MS - (performance.now() - grabbed)));
    started = performance.now();
  }
}

async function checkStill(mine, still, started) {
  try {
    const result = await check(still);
    if (!result || running !== mine) return;
    byId("problem").replaceChildren();
    finish(result, started);
    mine.still = still;
    speakChange(mine, result);
  } catch (error) {
    if (running !== mine) return;
    if (error.status && !error.isBusy) {
      stopWebcam();
      refused(error, () => startWebcam());
    } else {
      report(error.title, `${error.message} The next still follows by itself.`);
      await later(error.again);
    }
  }
}

/** Speak an outcome only when it differs from the one that was spoken last. */
function speakChange(mine, result) {
  const now = performance.now();
  const outcome = [word(result), ...(result.reasons ?? []).map(({ code }) => code)].join(" ");
  if (outcome === mine.spoken || now - mine.spokenAt < SPEAK_EVERY_MS) return;
  Object.assign(mine, { spoken: outcome, spokenAt: now });
  say(spoken(result));
}

function stopWebcam() {
  if (!running) return;
  const { stream, still } = running;
  running = null;
  request?.abort();
  camera.close(stream);
  video.srcObject = null;
  video.hidden = true;
  setWebcamButton("Use the webcam");
  if (still) showPicture(still); // the one that the answer belongs to
  else stage.dataset.state = "empty";
  if (!still) noAnswer();
}

function setWebcamButton(text) {
  byId("webcam").textContent = text;
}

async function listCameras() {
  const found = await camera.list().catch(() => []);
  const options = found.map(({ deviceId, label }, index) =>
    make("option", { value: deviceId }, label || `Camera ${index + 1}`),
  );
  byId("camera").replaceChildren(...options);
  byId("camera").value = video.srcObject?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  byId("cameras").hidden = found.length < 2;
}

// --- Words --------------------------------------------------------------------------------

function say(text) {
  byId("status").textContent = text;
}

/** Mark the answer to the last picture as old. */
function awaitAnswer(text) {
  answer.dataset.stale = "";
  say(text);
}

function noAnswer() {
  answer.replaceChildren(legend);
  delete answer.dataset.stale;
}

/** Report what went wrong, with a way to try again. */
function report(title, text, retry = null, kind = "check") {
  say("");
  const button = retry && make("button", { class: "button", type: "button" }, "Try again");
  button?.addEventListener("click", retry);
  byId("problem").replaceChildren(
    make("div", { class: "card problem", "data-kind": kind }, make("h3", {}, title), make("p", {}, text), button),
  );
}

function refused(error, retry) {
  // The same picture is refused again, unless the server was busy, failed or did not answer.
  const mayPass = !error.status || error.isBusy || error.status === 408 || error.status >= 500;
  if (error.status !== 401) return report(error.title, error.message, mayPass ? retry : null);
  keyUsed = retry;
  byId("key-form").hidden = false;
  report(
    key ? "The API key is not accepted" : "An API key is needed",
    key ? "It is wrong, expired or revoked." : "Enter an API key of this server.",
  );
  byId("key").focus();
  return null;
}

function clear() {
  byId("problem").replaceChildren();
  byId("caption").hidden = true;
  box.hidden = true;
  frame.removeAttribute("data-mirrored");
}

// --- Events -------------------------------------------------------------------------------

byId("file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = ""; // so that the same file can be chosen again
  if (file) checkFile(file);
});

byId("webcam").addEventListener("click", () => {
  if (!running) return startWebcam();
  stopWebcam();
  return say("Webcam stopped");
});

byId("camera").addEventListener("change", ({ target }) => startWebcam(target.value));

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key = byId("key").value.trim();
  byId("problem").replaceChildren();
  say(key ? "The key is used from now on" : "");
  keyUsed();
  keyUsed = () => {};
});

// A picture may be dropped anywhere: beside the stage the browser would leave the page for it.
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  stage.dataset.drop = "";
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) delete stage.dataset.drop;
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  delete stage.dataset.drop;
  const { files } = event.dataTransfer;
  if (!files.length) return report("This is no picture", "Drop a picture file.");
  checkFile(files[0]);
  if (files.length > 1) report("Only one picture at a time", "The first one is checked.");
  return null;
});

picture.addEventListener("error", () => {
  if (stage.dataset.state !== "picture") return;
  stage.dataset.state = "empty"; // a format that only the server reads, or no picture
});

// A camera that was refused may be allowed later: the answer is then one click away.
navigator.permissions
  ?.query({ name: "camera" })
  .then((status) => {
    status.addEventListener("change", () => {
      if (status.state !== "granted" || !document.querySelector('[data-kind="camera"]')) return;
      report("The camera is allowed now", "Start it again.", () => startWebcam(), "camera");
    });
  })
  .catch(() => {});

byId("key-form").hidden = settings.key !== "required";
