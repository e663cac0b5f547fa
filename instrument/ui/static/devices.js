// Devices: what there is, found out when somebody wants to know, and chosen.

import { byId, make } from "./words.js";

const DEFAULTS = { output: "the default one", input: "all inputs" };

export class Devices {
  constructor(wire) {
    this.selects = { output: byId("device-output"), input: byId("device-input") };
    this.chosen = {};
    byId("devices").addEventListener("toggle", () => byId("devices").open && wire.send("look"));
    byId("look").addEventListener("click", () => wire.send("look"));
    byId("device-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const { output, input } = this.selects;
      wire.send("choose", { output: output.value, midi_in: input.value });
    });
    for (const select of Object.values(this.selects)) {
      select.addEventListener("change", () => this.refresh());
    }
  }

  take({ outputs, inputs, output, input, trouble }) {
    this.fill("output", outputs, output);
    this.fill("input", [["virtual", "only a port of its own, named Arco"], ...inputs], input);
    byId("device-said").textContent = trouble.join("; ");
    this.refresh();
  }

  fill(kind, found, chosen) {
    const select = this.selects[kind];
    const wanted = select.value !== this.chosen[kind] ? select.value : chosen;
    const pairs = [["", DEFAULTS[kind]], ...found.map((each) => (Array.isArray(each) ? each : [each, each]))];
    if (!pairs.some(([value]) => value === chosen)) pairs.push([chosen, chosen]);
    select.replaceChildren(...pairs.map(([value, textContent]) => make("option", { value, textContent })));
    select.value = pairs.some(([value]) => value === wanted) ? wanted : chosen;
    this.chosen[kind] = chosen;
  }

  refresh() {
    const same = Object.entries(this.selects).every(([kind, select]) => select.value === this.chosen[kind]);
    byId("use").disabled = same;
  }
}
