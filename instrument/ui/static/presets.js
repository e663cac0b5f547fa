// The player's own presets: recalled, renamed, deleted, exported and imported.

import { askName, focus, focused } from "./ask.js";
import { heard } from "./examples.js";
import { byId, make } from "./words.js";

const HEARD_MS = 2500;

const LARGEST_FILE = 200_000;

export class Presets {
  /** @param hands - plays a preset. @param examples - plays its recording. */
  constructor(wire, tell, hands, examples) {
    Object.assign(this, { wire, tell, hands, examples });
    byId("keep").addEventListener("submit", (event) => {
      event.preventDefault();
      const input = byId("keep-name");
      wire.send("keep", { name: input.value });
      input.value = "";
    });
    byId("export").addEventListener("click", () => this.save());
    byId("import").addEventListener("click", () => byId("import-file").click());
    byId("import-file").addEventListener("change", (event) => this.bring(event.target));
  }

  take(content) {
    this.content = { format: content.format, instrument: content.instrument, presets: content.presets };
    const own = byId("own");
    const before = this.names ?? [];
    this.names = content.presets.map(({ name }) => name);
    const row = [...own.children].findIndex((item) => item.contains(focused()));
    const buttons = [...(own.children[row]?.querySelectorAll("button") ?? [])];
    const button = buttons.indexOf(focused());
    own.replaceChildren(...content.presets.map((preset, i) => this.item(preset, content.examples[i])));
    if (row >= 0) this.focus(before, row, button);
    byId("export").disabled = content.presets.length === 0;
  }

  /** Keep the focus on a button of a preset; on the one that has come to its place, if it has gone. */
  focus(before, row, button) {
    const items = byId("own").children;
    const now = this.names.indexOf(before[row]);
    const gone = now < 0 && items.length < before.length; // else it has another name
    const again = items[now < 0 ? Math.min(row, items.length - 1) : now]?.querySelectorAll("button");
    focus(again?.[gone ? 0 : button] ?? again?.[0] ?? byId("keep-name"));
  }

  item(preset, example) {
    const { name } = preset;
    const button = (text, className, label, act) => {
      const element = make("button", { type: "button", className, textContent: text });
      if (label) element.setAttribute("aria-label", label);
      element.addEventListener("click", act);
      return element;
    };
    const parts = [
      button(name, "recall", "", () => this.wire.send("recall", { name })),
      button("Rename", "plain", `Rename ${name}`, () => this.rename(name)),
      button("Delete", "plain", `Delete ${name}`, () => this.wire.send("remove", { name }))];
    if (preset.note) {
      parts.push(make("div", { className: "beside" },
        make("span", { className: "small", textContent: example ? heard(example) : "" }),
        button("Arco", "plain", `Hear ${name} by Arco`, () => this.hear(preset)),
        ...(example ? [button("Recording", "plain", `Hear the recording ${name}`, () => this.examples.play(name))] : [])));
    }
    return make("li", {}, ...parts);
  }

  /** Play the note of a recording as it was bowed. */
  hear(preset) {
    this.hands.recall(preset);
    this.hands.silenceIn(HEARD_MS);
  }

  async rename(name) {
    const wanted = await askName("New name", name);
    if (wanted && wanted !== name) this.wire.send("rename", { name, new: wanted });
  }

  save() {
    const blob = new Blob([JSON.stringify(this.content, null, 1)], { type: "application/json" });
    const link = make("a", { href: URL.createObjectURL(blob), download: "arco-presets.json" });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async bring(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    if (file.size > LARGEST_FILE) return this.tell(`${file.name} is too large for presets`);
    try {
      this.wire.send("bring", { presets: JSON.parse(await file.text()) });
    } catch {
      this.tell(`${file.name} holds no presets`);
    }
  }
}
