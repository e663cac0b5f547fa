// Presets by example: a recording of a note is dropped or chosen, and heard beside what Arco makes of it.

import { byId, pitch } from "./words.js";

const LARGEST = 32 * 2 ** 20;

/** Whether files, and not a piece of the page, are dragged. */
const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

export class Examples {
  constructor(hello) {
    this.sound = new Audio();
    // Whatever is dropped, the page doesn't give way to it.
    for (const kind of ["dragover", "drop"]) {
      addEventListener(kind, (event) => hasFiles(event) && event.preventDefault());
    }
    if (!hello.examples) return;
    byId("by-example").hidden = false;
    byId("example").addEventListener("click", () => byId("example-file").click());
    byId("example-file").addEventListener("change", ({ target }) => {
      this.listen([...target.files]);
      target.value = "";
    });
    addEventListener("dragover", (event) => hasFiles(event) && this.over(true));
    addEventListener("dragleave", (event) => event.relatedTarget ?? this.over(false));
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      this.over(false);
      this.listen([...event.dataTransfer.files]);
    });
  }

  over(isOver) {
    document.body.classList.toggle("dropping", isOver);
  }

  async listen(files) {
    const said = [];
    for (const file of files) said.push(await this.sent(file));
    this.say(said.join("; "));
  }

  async sent(file) {
    if (file.size > LARGEST) return `${file.name}: larger than a recording of half a minute`;
    this.say(`Listening to ${file.name} …`);
    try {
      const answer = await fetch(`examples?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
      const text = await answer.text();
      return answer.ok ? `${text} is a preset now` : `${file.name}: ${text || "it was refused"}`;
    } catch {
      return `${file.name}: it could not be sent`;
    }
  }

  /** Play the recording of a preset. */
  play(name) {
    this.sound.src = `examples?name=${encodeURIComponent(name)}`;
    this.sound.play().catch(() => this.say(`${name}: the browser can't play it`));
  }

  say(text) {
    byId("example-said").textContent = text;
  }
}

/** What was heard in a recording, in words. */
export function heard({ key, tuning, vibrato, cents_error: cents, level_error_db: level }) {
  const off = `${tuning < 0 ? "−" : "+"}${Math.abs(tuning)}`;
  return `${pitch(key)} ${off} cents, vibrato ${vibrato} cents; Arco is ${cents} cents and ${level} dB away`;
}
