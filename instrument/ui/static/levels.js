// How loud it is: r.m.s. as a bar, the peak as a line, and the limiter's lamp.

import { byId } from "./words.js";

const FLOOR = -60; // dB at the left end
const FALL = 12; // dB a second by which a peak that is over falls
const TEXT_MS = 500;
const LAMP_MS = 800;

export class Levels {
  constructor() {
    this.channels = ["left", "right"].map((side) => {
      const element = byId(`level-${side}`);
      return { element, bar: element.firstElementChild, line: element.lastElementChild, peak: FLOOR };
    });
    this.at = this.saidAt = performance.now();
  }

  take(status) {
    if (status.peak_left === undefined) return;
    const now = performance.now();
    const fallen = (FALL * (now - this.at)) / 1000;
    this.at = now;
    const peaks = [status.peak_left, status.peak_right];
    const rms = [status.rms_left, status.rms_right];
    this.channels.forEach((channel, i) => {
      channel.peak = Math.max(peaks[i], channel.peak - fallen, FLOOR);
      channel.bar.style.transform = `scaleX(${along(rms[i])})`;
      channel.line.style.left = `${100 * along(channel.peak)}%`;
    });
    if (status.limited > 0) this.lamp(status.limited);
    if (now < this.saidAt + TEXT_MS) return;
    this.saidAt = now;
    for (const { element, peak } of this.channels) {
      element.setAttribute("aria-valuenow", Math.round(peak));
      element.setAttribute("aria-valuetext", peak > FLOOR ? `${Math.round(peak)} dB` : "silence");
    }
  }

  /** Nothing plays. */
  rest() {
    for (const channel of this.channels) channel.peak = FLOOR;
    const silence = { peak_left: FLOOR, peak_right: FLOOR, rms_left: FLOOR, rms_right: FLOOR, limited: 0 };
    this.saidAt = -TEXT_MS;
    this.take(silence);
  }

  lamp(limited) {
    const shown = byId("limiter");
    shown.textContent = `−${limited.toFixed(1)} dB`;
    shown.classList.add("bad");
    clearTimeout(this.fading);
    this.fading = setTimeout(() => {
      shown.classList.remove("bad");
      shown.textContent = "off";
    }, LAMP_MS);
  }
}

function along(level) {
  return Math.min(Math.max(1 - level / FLOOR, 0), 1);
}
