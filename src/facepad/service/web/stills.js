// Makes the pictures that are sent: stills of the webcam, and files that fit the server's limits.

import { make } from "./answer.js";

const STILL_QUALITY = 0.92;
const FILE_QUALITY = 0.95;

/** The present picture of a video as JPEG; null before the first one. */
export function grab(video) {
  if (!video.videoWidth) return null;
  return encode(video, video.videoWidth, video.videoHeight, STILL_QUALITY);
}

/**
 * The file as it is, or a smaller copy where the server would refuse it.
 *
 * Returns the picture to send, and a note for people when it is a copy.
 */
export async function fitted(file, image, { side, bytes }) {
  try {
    await image.decode();
  } catch {
    return { blob: file, note: "" }; // the server knows more formats than the browser
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  const factor = Math.min(1, side / Math.max(width, height));
  if (factor === 1 && file.size <= bytes) return { blob: file, note: "" };
  const [across, down] = [Math.round(width * factor), Math.round(height * factor)];
  const blob = await encode(image, across, down, FILE_QUALITY);
  const change = factor < 1 ? `made smaller from ${width} × ${height} pixels` : "compressed again";
  return { blob, note: `, ${change} to fit this server; the scores may differ from the original's` };
}

function encode(source, width, height, quality) {
  const canvas = make("canvas", { width, height });
  const drawing = canvas.getContext("2d");
  drawing.imageSmoothingQuality = "high";
  drawing.drawImage(source, 0, 0, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}
