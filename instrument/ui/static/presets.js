// The player's own presets: recalled, renamed, deleted, exported and imported.

import { askName, askWhether, focus, focused } from "./ask.js";
import { heard } from "./examples.js";
import { byId, make } from "./words.js";

const HEARD_MS = 2500;

const LARGEST_FILE = 2 ** 20; // bytes, as many as are kept
const LARGEST = 2 ** 18 - 100; // bytes of presets that the server takes at once

export class Presets {
  /** @param hands - plays a preset. @param examples - plays its recording. */
  constructor(wire, tell, hands, examples) {
    Object.assign(this, { wire, tell, hands, examples, names: [] });
    byId("keep").addEventListener("submit", (event) => {
      event.preventDefault();
      this.keep(byId("keep-name"));
    });
    byId("export").addEventListener("click", () => this.save());
    byId("import").addEventListener("click", () => byId("import-file").click());
    byId("import-file").addEventListener("change", (event) => this.bring(event.target));
  }

  take(content) {
    this.content = { format: content.format, instrument: content.instrument, presets: content.presets };
    const own = byId("own");
    const before = this.names;
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

  /** Keep the cursor's place, in the stead of another one only if that is meant. */
  async keep(input) {
    const name = tidied(input.value);
    if (this.names.includes(name) && !(await askWhether(`There is a preset named ${name}. Replace it?`))) return;
    this.wire.send("keep", { name });
    input.value = "";
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
    let content = null;
    try {
      content = JSON.parse(await file.text());
    } catch {
      return this.tell(`${file.name} holds no presets`);
    }
    if (new Blob([JSON.stringify(content)]).size > LARGEST) return this.tell(`${file.name} is too large for presets`);
    const listed = Array.isArray(content?.presets) ? content.presets : [];
    const brought = new Set(listed.map((each) => tidied(String(each?.name))));
    const again = this.names.filter((name) => brought.has(name));
    if (again.length && !(await askWhether(replacing(again)))) return;
    this.wire.send("bring", { presets: content });
  }
}

/** A name as it is kept. */
function tidied(name) {
  return name.normalize("NFC").replace(/\p{Zs}/gu, " ").trim();
}

function replacing(names) {
  const [shown, more] = [names.slice(0, 5).join(", "), names.length - 5];
  return `Replace your presets of the same names: ${shown}${more > 0 ? `, and ${more} more` : ""}?`;
}
