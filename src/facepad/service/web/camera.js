// Opens a camera, and says in words why none opens.

const OPEN_WITHIN_MS = 10_000;
const AGAIN_AFTER_MS = 400; // some cameras open only at the second try
const WANTED = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Open a camera; throws what `explain` puts into words. */
export async function open(deviceId) {
  if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) {
    throw new DOMException("", window.isSecureContext ? "NotSupportedError" : "InsecureContext");
  }
  const video = deviceId
    ? { ...WANTED, deviceId: { exact: deviceId } }
    : { ...WANTED, facingMode: "user" };
  try {
    return await within(navigator.mediaDevices.getUserMedia({ video, audio: false }));
  } catch (error) {
    if (error.name === "OverconstrainedError") {
      return within(navigator.mediaDevices.getUserMedia({ video: true, audio: false }));
    }
    if (error.name !== "NotReadableError" && error.name !== "AbortError") throw error;
    await later(AGAIN_AFTER_MS);
    return within(navigator.mediaDevices.getUserMedia({ video, audio: false }));
  }
}

/** Wait for a stream, but not while the person decides on the permission. */
async function within(opening) {
  opening.catch(() => {}); // it may fail while the permission is asked for
  if ((await permission()) === "prompt") return opening;
  let late = false;
  const limit = later(OPEN_WITHIN_MS).then(() => {
    late = true;
    throw new DOMException("", "TimeoutError");
  });
  limit.catch(() => {});
  opening.then((stream) => late && close(stream), () => {});
  return Promise.race([opening, limit]);
}

export function close(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** The state of the permission: granted, denied, prompt, or unknown. */
export async function permission() {
  try {
    return (await navigator.permissions.query({ name: "camera" })).state;
  } catch {
    return "unknown"; // not every browser has this name
  }
}

export async function list() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput" && device.deviceId);
}

/** What is wrong with the camera and what to do, as [title, text]. */
export async function explain(error) {
  switch (error.name) {
    case "InsecureContext":
      return [
        "The webcam needs a secure page",
        "Browsers open a camera only over HTTPS or on this computer. Open this page with " +
          "https:// or on http://localhost. Pictures from a file work here, too.",
      ];
    case "NotSupportedError":
      return ["No camera in this browser", "This browser opens no camera. Choose a picture instead."];
    case "NotAllowedError":
      return denied(await permission());
    case "SecurityError":
      return [
        "The camera is blocked for this page",
        "A policy of the browser or of an embedding page blocks it. Open this page in a tab of its own.",
      ];
    case "NotFoundError":
      return [
        "No camera found",
        "Connect a camera, or remove the cover or switch that turns it off, then try again.",
      ];
    case "NotReadableError":
    case "AbortError":
      return [
        "The camera is busy",
        "Another program or tab uses the camera. Close it there, then try again.",
      ];
    case "TimeoutError":
      return [
        "The camera does not answer",
        "No picture arrived within 10 seconds. Reconnect the camera or close other programs that " +
          "use it, then try again.",
      ];
    case "Disconnected":
      return ["The camera was disconnected", "Connect it again, then try again."];
    default:
      return ["The camera cannot be opened", `The browser reports ${error.name}. Try again.`];
  }
}

function denied(state) {
  if (state === "granted") {
    return [
      "The system blocks the camera",
      "This page may use the camera, but the operating system refuses it to the browser. Allow it " +
        "in the privacy settings of the system, then try again.",
    ];
  }
  if (state === "prompt") {
    return ["The camera was not allowed", "The question was closed. Try again and choose “Allow”."];
  }
  return [
    "The camera is not allowed",
    "The browser refuses the camera to this page. Allow it in the site settings beside the " +
      "address, then try again. The page need not be loaded again.",
  ];
}
