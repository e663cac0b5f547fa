// The relief under the map: what each region was measured to sound like, in bands like contours.

import { make, themed } from "./words.js";

const BANDS = 7;
const FINE = 8; // pixels that are drawn for each cell of the grid
const STRONGEST = 0.42;

/** A picture of a grid of bytes, row by row from the top. */
export function reliefPicture(relief, name) {
  const { columns, rows } = relief;
  const { values } = relief.measures[name];
  const [width, height] = [(columns - 1) * FINE + 1, (rows - 1) * FINE + 1];
  const canvas = make("canvas", { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const [red, green, blue] = themed("relief").split(" ").map(Number);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const band = Math.min(Math.floor(between(values, columns, rows, x / FINE, y / FINE) / 256 * BANDS), BANDS - 1);
      image.data.set([red, green, blue, 255 * STRONGEST * band / (BANDS - 1)], 4 * (y * width + x));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function between(values, columns, rows, x, y) {
  const [left, top] = [Math.min(Math.floor(x), columns - 2), Math.min(Math.floor(y), rows - 2)];
  const [u, v] = [x - left, y - top];
  const at = (column, row) => values[row * columns + column];
  return (1 - v) * ((1 - u) * at(left, top) + u * at(left + 1, top))
    + v * ((1 - u) * at(left, top + 1) + u * at(left + 1, top + 1));
}
