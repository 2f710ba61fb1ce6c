// The search page: the address says what is asked, the API answers, the page shows it.
// Whatever comes from the API is inserted as text, and its addresses are checked.

const DEFAULT_COUNT = "9";
const SLOW_AFTER_MS = 1200;
const SOURCES = {
  pixabay: { name: "Pixabay", url: "https://pixabay.com/" },
  folder: { name: "our own collection", preposition: "from" },
  demo: { name: "the demo", preposition: "in" },
};

const byId = (id) => document.getElementById(id);
const form = byId("search");
const outcome = byId("outcome");
const answer = byId("answer");
const photos = byId("photos");

let running = new AbortController();

// What is asked, and the address that says it

function askedInAddress() {
  const address = new URLSearchParams(location.search);
  if (!address.has("t") && !address.has("s_query")) return null;
  return {
    t: address.get("t") ?? "",
    s_query: address.get("s_query") ?? "",
    k: address.get("k") ?? DEFAULT_COUNT,
  };
}

function askedInForm() {
  const fields = new FormData(form);
  return { t: fields.get("t"), s_query: fields.get("s_query"), k: fields.get("k") };
}

function fillForm(asked) {
  form.elements.t.value = asked?.t ?? "";
  form.elements.s_query.value = asked?.s_query ?? "";
  form.elements.k.value = asked?.k ?? DEFAULT_COUNT;
}

function showAddress() {
  const asked = askedInAddress();
  fillForm(asked);
  if (asked) search(asked);
  else clear();
}

// One search, from asking to showing; a newer one takes its place

async function search(asked) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  clear();
  document.title = `${asked.s_query || asked.t || "Search"} · nearhit`;
  outcome.setAttribute("aria-busy", "true");
  announce("Searching.");
  showPlaceholders(asked);
  const slow = setTimeout(() => showWaiting(asked), SLOW_AFTER_MS);
  try {
    for await (const [name, content] of events(asked, signal)) {
      if (signal.aborted) return;
      if (name === "progress") showProgress(content);
      if (name === "partial") {
        clearTimeout(slow);
        showBest(content);
      }
      if (name === "error") throw new Error(sentenceOf(content, content.retry_after_s));
      if (name === "result") return showAnswer(asked, content);
    }
    throw new Error("The server has ended the search without an answer. Try again.");
  } catch (problem) {
    if (!signal.aborted) showError(problem);
  } finally {
    clearTimeout(slow);
    if (!signal.aborted) outcome.setAttribute("aria-busy", "false");
  }
}

// The events of one search, each with its name and content, as they come

async function* events(asked, signal) {
  const response = await reach(`/search/stream?${new URLSearchParams(asked)}`, signal);
  if (!response.ok) {
    const problem = await response.json().catch(() => null);
    const status = `The server answered with an error (${response.status}).`;
    throw new Error(sentenceOf(problem, response.headers.get("Retry-After")) || status);
  }
  let text = "";
  for await (const more of texts(response.body)) {
    text += more;
    const whole = text.split("\n\n");
    text = whole.pop();
    yield* whole.map(eventOf).filter(Boolean);
  }
}

async function reach(address, signal) {
  try {
    return await fetch(address, { signal, headers: { Accept: "text/event-stream" } });
  } catch {
    throw new Error("The server cannot be reached. Is it running?");
  }
}

// Not every browser can iterate over a stream
async function* texts(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch {
    throw new Error("The connection to the server was lost. Try again.");
  }
}

// Lines that begin with a colon keep the connection alive, and say nothing
function eventOf(block) {
  const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
  return fields.has("event") ? [fields.get("event"), JSON.parse(fields.get("data"))] : null;
}

function sentenceOf(problem, wait) {
  const said = typeof problem?.detail === "string" ? problem.detail : problem?.title;
  if (!said || !(wait > 0) || /try again/i.test(said)) return said ?? "";
  return `${said} Try again in ${duration(Number(wait))}.`;
}

// What the page shows

function clear() {
  document.title = "nearhit: picture search";
  outcome.setAttribute("aria-busy", "false");
  for (const id of ["error", "empty", "waiting", "answer"]) byId(id).hidden = true;
  byId("error").replaceChildren();
  byId("fetched").hidden = true;
  showPhotos([]);
  announce("");
}

// A photo that is shown already stays as it is, wherever it goes
function showPhotos(results) {
  const shown = new Map([...photos.children].map((item) => [item.dataset.id, item]));
  photos.replaceChildren(...results.map((one, at) => shown.get(one.id) ?? photo(one, at)));
  photos.classList.remove("placeholders", "so-far");
  photos.removeAttribute("aria-hidden");
}

function announce(sentence) {
  byId("announcement").textContent = sentence;
}

function showPlaceholders(asked) {
  const count = Math.min(Math.max(Number.parseInt(asked.k, 10) || 1, 1), 12);
  photos.classList.add("placeholders");
  photos.setAttribute("aria-hidden", "true");
  for (let place = 0; place < count; place += 1) {
    const item = element("li", { className: "photo" });
    shape(item, [1.5, 1.33, 0.8, 1.78, 1.5, 1][place % 6]);
    item.append(element("div", { className: "frame" }));
    photos.append(item);
  }
}

function showWaiting(asked) {
  const sentence =
    `Fetching photos of “${asked.t}” and looking at each: ` +
    "the first search for a tag takes some seconds, later ones do not.";
  byId("reason").textContent = sentence;
  byId("waiting").hidden = false;
  announce(sentence);
}

function showProgress({ photos: all, fetched, encoded, failed }) {
  if (!all) return;
  const bar = byId("fetched");
  bar.hidden = false;
  bar.querySelector("progress").max = all;
  bar.querySelector("progress").value = encoded + failed;
  const missing = failed ? `, ${failed} cannot be had` : "";
  bar.querySelector("span").textContent = `${fetched} of ${all} here, ${encoded} ranked${missing}`;
}

function showBest({ results }) {
  showPhotos(results);
  photos.classList.add("so-far");
  byId("reason").textContent = "The best so far; more photos are on their way.";
  byId("waiting").hidden = false;
}

// What has been shown by then stays: it is the best there is
function showError(problem) {
  const best = photos.classList.contains("so-far") ? [...photos.children] : [];
  clear();
  photos.replaceChildren(...best);
  const rest = best.length ? " These are the best of the photos that had come by then." : "";
  byId("error").textContent = problem.message + rest;
  byId("error").hidden = false;
}

function showAnswer(asked, found) {
  byId("waiting").hidden = true;
  document.title = `${asked.s_query} · nearhit`;
  const { results, cache, timings_ms: timings } = found;
  byId("tier").textContent = cache.tier.replace("_", " ");
  byId("tier").dataset.tier = cache.tier;
  byId("explanation").textContent = explain(asked, cache);
  byId("timings").textContent = timingsText(timings);
  answer.hidden = false;
  showPhotos(results);
  if (results.length === 0) {
    const sentence = `The source has no photos for the tag “${asked.t}”. Try a more common word.`;
    byId("explanation").textContent = "";
    byId("empty").textContent = sentence;
    byId("empty").hidden = false;
    announce(sentence);
    return;
  }
  if (results.length < Number(asked.k)) {
    const all =
      results.length === 1
        ? "No other photo of the tag could be had."
        : `No more than these ${results.length} photos of the tag could be had.`;
    byId("explanation").textContent += ` ${all}`;
  }
  announce(`${results.length} ${results.length === 1 ? "photo" : "photos"}, best first.`);
}

function photo(result, position) {
  const item = element("li", { className: "photo" });
  item.dataset.id = result.id;
  shape(item, result.width / result.height);
  const figure = element("figure");
  const caption = element("figcaption");
  caption.append(credit(result), score(result));
  figure.append(frame(result, position), caption);
  item.append(figure);
  return item;
}

function frame(result, position) {
  const image = safeUrl(result.image);
  const page = reachable(result.page_url) ?? sized(image, "web");
  const link = element("a", { className: "frame", target: "_blank", rel: "noopener noreferrer" });
  if (page) link.href = page.href;
  const picture = element("img", {
    alt: altOf(result, position),
    width: result.width,
    height: result.height,
    decoding: "async",
    loading: position < 12 ? "eager" : "lazy",
  });
  picture.addEventListener("error", () => {
    link.classList.add("broken");
    link.textContent = picture.alt;
  });
  link.append(picture);
  picture.src = sized(image, "thumb")?.href ?? "";
  return link;
}

function credit(result) {
  const source = SOURCES[result.source] ?? { name: result.source };
  const line = element("span", { className: "credit" });
  if (result.author) {
    line.append("Photo by ", linked(result.author, result.author_url), " ");
    line.append(`${source.preposition ?? "on"} `);
  } else {
    line.append(`Photo ${source.preposition ?? "on"} `);
  }
  line.append(linked(source.name, source.url));
  return line;
}

function score(result) {
  const line = element("span", { className: "score" });
  line.textContent = `score ${result.score.toFixed(2)}`;
  return line;
}

function altOf(result, position) {
  const tags = result.tags.slice(0, 6).join(", ");
  return tags ? `Photo: ${tags}` : `Photo ${position + 1}`;
}

// The tier in words

function explain(asked, cache) {
  const sentences = [EXPLANATIONS[cache.tier]?.(asked, cache) ?? ""];
  if (cache.stale) sentences.push("The source does not answer now, so this may be out of date.");
  if (cache.certificate) sentences.push(certified(cache.certificate));
  return sentences.filter(Boolean).join(" ");
}

const EXPLANATIONS = {
  exact: (_asked, { age_s: age }) =>
    `Remembered answer of this very search${age >= 1 ? `, ${duration(age)} old` : ""}.`,
  semantic: (asked, { matched, similarity }) =>
    `Remembered answer of “${matched.query}”` +
    (matched.tag === asked.t ? "" : ` (tag “${matched.tag}”)`) +
    ` (similarity ${similarity.toFixed(2)}).`,
  pool: (asked) => `Ranked afresh; the photos of “${asked.t}” were already here.`,
  near_pool: (_asked, { matched }) =>
    matched
      ? `Ranked afresh among the photos of a related tag, “${matched.tag}”.`
      : "Ranked afresh among the photos of a related tag.",
  origin: (asked) => `Photos of “${asked.t}” fetched and ranked just now.`,
};

function certified({ risk, confidence, audits }) {
  const percent = (share) => `${Math.round(share * 1000) / 10} %`;
  return (
    `Certified on ${audits} audits: ` +
    `risk at most ${percent(risk)}, confidence ${percent(confidence)}.`
  );
}

function timingsText({ total, ...parts }) {
  const rest = Object.entries(parts).filter(([, value]) => typeof value === "number");
  return [`${milliseconds(total)} in all`, ...rest.map(([k, v]) => `${k} ${milliseconds(v)}`)].join(
    " · ",
  );
}

// Small tools

function milliseconds(value) {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ms`;
}

function duration(seconds) {
  const [value, unit] =
    seconds < 90
      ? [seconds, "second"]
      : seconds < 5400
        ? [seconds / 60, "minute"]
        : [seconds / 3600, "hour"];
  const whole = Math.max(1, Math.round(value));
  return `${whole} ${unit}${whole === 1 ? "" : "s"}`;
}

function element(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}

// Width over height, kept within what a row of photos can bear
function shape(item, ratio) {
  const kept = Math.min(Math.max(ratio || 1.5, 0.66), 2.1);
  item.style.setProperty("--ratio", kept.toFixed(3));
}

function linked(text, url) {
  const address = reachable(url);
  if (!address) return text;
  const link = element("a", { href: address.href, target: "_blank", rel: "noopener noreferrer" });
  link.textContent = text;
  return link;
}

// An address with http or https, relative ones being ours; null for any other
function safeUrl(text) {
  if (!text) return null;
  try {
    const address = new URL(text, location.origin);
    return ["http:", "https:"].includes(address.protocol) ? address : null;
  } catch {
    return null;
  }
}

// The same, but null for an address of this machine on a page that comes from another
function reachable(text) {
  const address = safeUrl(text);
  return address && isLocal(address.hostname) && !isLocal(location.hostname) ? null : address;
}

function isLocal(host) {
  return host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);
}

function sized(image, size) {
  if (!image) return null;
  const address = new URL(image);
  address.searchParams.set("size", size);
  return address;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const address = `/?${new URLSearchParams(askedInForm())}`;
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  search(askedInForm());
});

document.addEventListener("click", (event) => {
  const link = event.target.closest(".examples a, .brand");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  showAddress();
});

window.addEventListener("popstate", () => {
  running.abort();
  showAddress();
});

// The demo says that it is one; everything else works without this call
async function showSource() {
  const body = await fetch("/ready").then((response) => response.json()).catch(() => null);
  document.body.dataset.source = body?.source ?? "";
  byId("demo").hidden = body?.source !== "demo";
}

showSource();
showAddress();
