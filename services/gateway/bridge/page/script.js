
"use strict";

// ---- the key, where the gateway asks for one; it is exchanged for a cookie and not kept

const door = document.getElementById("door");
let entering = null;

async function ask(path, options) {
  for (;;) {
    const answer = await fetch(path, options);
    if (answer.status !== 401) return answer;
    entering ??= enter().finally(() => { entering = null; });
    await entering;
  }
}

async function enter() {
  const key = document.getElementById("door-key");
  const note = document.getElementById("door-note");
  door.hidden = false;
  for (;;) {
    await new Promise((resolve) => { door.onsubmit = (event) => { event.preventDefault(); resolve(); }; });
    const headers = { Authorization: `Bearer ${key.value.trim()}` };
    key.value = "";
    const answer = await fetch("/v1/session", { method: "POST", headers }).catch(() => null);
    if (answer?.ok) break;
    note.textContent = answer ? "The gateway does not know this key." : "The gateway does not answer.";
  }
  note.textContent = "";
  door.hidden = true;
}

// ---- server-sent events over fetch, which can also send a body and see an error's JSON

async function* events(path, options) {
  const answer = await ask(path, options);
  if (!answer.ok) throw await failure(answer);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      let end;
      while ((end = text.indexOf("\n\n")) >= 0) {
        const event = parsed(text.slice(0, end));
        text = text.slice(end + 2);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(block) {
  const event = { name: "message", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event.name = line.slice(7);
    if (line.startsWith("data: ")) event.data += line.slice(6);
  }
  return event.data ? { name: event.name, data: JSON.parse(event.data) } : null;
}

async function failure(answer) {
  try {
    return new Error(worded((await answer.json()).error));
  } catch {
    return new Error(`The gateway answered ${answer.status}.`);
  }
}

function worded(error) {
  return `${error.message} (${error.status})`;
}

// ---- the lights

const SHAPES = {
  available: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm-1.2 10.2L3.9 8.3l1.1-1.1 1.8 1.8 4.2-4.2 1.1 1.1Z",
  error: "M8 1 15.5 15H.5ZM7.2 6v4.5h1.6V6Zm0 5.5v1.6h1.6v-1.6Z",
  unknown: "M8 .5 15.5 8 8 15.5.5 8Zm0 2.6L3.1 8 8 12.9 12.9 8Z",
  unavailable: "M2 2h12v12H2Zm2.2 5.2v1.6h7.6V7.2Z",
};
const list = document.getElementById("capabilities");
const known = new Map();

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function light(state) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add(state);
  path.setAttribute("d", SHAPES[state] || SHAPES.unknown);
  path.setAttribute("fill", "currentColor");
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

function span(timestamp) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(timestamp)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

function age(timestamp) {
  return timestamp ? `${span(timestamp)} ago` : "never";
}

function rows(capability) {
  const { last_failure: failed, verdicts } = capability;
  const facts = [];
  if (capability.since) facts.push(["in this state for", span(capability.since)]);
  if (capability.unavailable_reason) facts.push([null, capability.unavailable_reason, true]);
  facts.push(["last success", age(capability.last_success)]);
  if (failed) {
    facts.push(["last failure", age(failed.time)]);
    const kind = [failed.code, failed.reason].filter(Boolean).join(", ");
    facts.push([null, `${kind}: ${failed.message}`, true]);
  }
  if (capability.consecutive_failures) facts.push(["failures in a row", capability.consecutive_failures]);
  facts.push(["running now", capability.calls_running ?? 0]);
  if (verdicts && Object.values(verdicts).some(Boolean)) {
    const counts = ["success", "failure", "neutral", "offline"].filter((name) => verdicts[name]);
    facts.push(["tasks", counts.map((name) => `${verdicts[name]} ${name}`).join(", ")]);
  }
  return facts;
}

function card(capability) {
  const item = element("li");
  const title = element("p", undefined, "title");
  title.append(light(capability.state), element("strong", capability.name));
  title.append(element("span", capability.state, capability.state));
  const facts = element("dl");
  for (const [name, value, long] of rows(capability)) {
    if (name) facts.append(element("dt", name));
    facts.append(element("dd", String(value), long ? "long" : ""));
  }
  item.append(title, facts);
  return item;
}

function paint() {
  const selection = getSelection();
  // Whoever copies an error message must not lose the selection to a new age.
  if (!selection.isCollapsed && list.contains(selection.anchorNode)) return;
  list.replaceChildren(...[...known.values()].map(card));
}

async function watch() {
  const link = document.getElementById("link");
  for (let pause = 1; ; pause = Math.min(pause * 2, 15)) {
    try {
      for await (const { name, data } of events("/v1/capabilities:watch")) {
        if (name === "error") throw new Error(worded(data.error));
        for (const capability of data.capabilities ?? []) known.set(capability.name, capability);
        link.textContent = "live";
        pause = 1;
        paint();
      }
      link.textContent = "the gateway ended the stream; looking again …";
    } catch (error) {
      link.textContent = `no connection (${error.message}); looking again …`;
    }
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  }
}

// ---- the forms

function trial(name, run) {
  const form = document.getElementById(name);
  const note = document.getElementById(`${name}-note`);
  const [send, stop] = form.querySelectorAll("button");
  let controller = null;
  const say = (text, failed = false) => {
    note.textContent = text;
    note.classList.toggle("failed", failed);
  };
  stop.addEventListener("click", () => controller.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    controller = new AbortController();
    send.disabled = true;
    stop.hidden = false;
    try {
      await run(form.querySelector("textarea").value, controller.signal, say);
    } catch (error) {
      if (controller.signal.aborted) say("Stopped.");
      else say(error.message, true);
    } finally {
      send.disabled = false;
      stop.hidden = true;
    }
  });
}

function post(body, signal) {
  const headers = { "Content-Type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify(body), signal };
}

async function chat(text, signal, say) {
  const answer = document.getElementById("chat-answer");
  answer.value = "";
  answer.hidden = true;
  say("Waiting for the model …");
  const request = post({ messages: [{ role: "user", content: text }], max_tokens: 256 }, signal);
  for await (const { name, data } of events("/v1/llm/chat:stream", request)) {
    if (name === "error") throw new Error(worded(data.error));
    if (name === "queued") say(`${data.queued.position} before you …`);
    if (name === "loading") say(`Loading ${data.loading.model} …`);
    if (name === "text") {
      answer.hidden = false;
      answer.value += data.text;
      say("Writing …");
    }
    if (name === "finished") {
      const { model, usage } = data.finished;
      say(`${model}: ${usage?.completion_tokens ?? 0} tokens, ${(usage?.tokens_per_second ?? 0).toFixed(1)} per second`);
    }
  }
}

async function speak(text, signal, say) {
  const sound = document.getElementById("speech-sound");
  sound.hidden = true;
  say("Waiting for the voice …");
  const answer = await ask("/v1/tts/speech", post({ text }, signal));
  if (!answer.ok) throw await failure(answer);
  const file = await answer.blob();
  if (sound.src) URL.revokeObjectURL(sound.src);
  sound.src = URL.createObjectURL(file);
  sound.hidden = false;
  say(`${file.type}, ${(file.size / 1024).toFixed(0)} KiB`);
  sound.play().catch(() => {});
}

trial("chat", chat);
trial("speech", speak);
setInterval(paint, 5000);
watch();
