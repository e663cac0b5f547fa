// Questions to the player, in a dialog of the page: it plays on meanwhile, as prompt() and confirm() would not let it.

import { byId } from "./words.js";

const pressed = new Set(); // keys, since the question is open
let opener = null; // has the focus again after the question

/** Whether a question is open: then keys are for it. */
export const asking = () => byId("question").open;

/** What has the focus, or will have it after the question. */
export const focused = () => opener ?? document.activeElement;

/** Give an element the focus, now or after the question. */
export function focus(element) {
  if (opener) opener = element;
  else element.focus();
}

/** Ask for a name, beginning with one; null if it is cancelled. */
export async function askName(text, name) {
  return (await ask(text, name)) ? byId("question-name").value : null;
}

/** Ask whether something is wanted. */
export function askWhether(text) {
  return ask(text, null);
}

async function ask(text, name) {
  if (asking()) return false; // one at a time
  const [dialog, input] = [byId("question"), byId("question-name")];
  byId("question-text").textContent = text;
  input.hidden = name === null;
  input.value = name ?? "";
  opener = document.activeElement;
  pressed.clear();
  dialog.returnValue = "";
  dialog.showModal();
  input.select();
  return new Promise((answer) => dialog.addEventListener("close", () => {
    const back = opener;
    opener = null;
    back.focus();
    answer(dialog.returnValue === "ok");
  }, { once: true }));
}

// Keys that were held before and repeat are no answer: a note, or the Enter that opened it.
byId("question").addEventListener("keydown", (event) => {
  if (!event.repeat) pressed.add(event.code);
  else if (!pressed.has(event.code)) event.preventDefault();
});
