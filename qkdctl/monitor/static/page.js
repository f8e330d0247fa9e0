"use strict";
// What all pages have in common. They ask for everything again and again and draw it; they keep nothing, so a page can be
// reloaded at any time.

const root = document.documentElement;
const OPTIONS = { displayModeBar: false, responsive: true };

const shown = (value, digits = 0) => value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

// Cells are texts; `kinds` gives some of them a class by what they say, and numbers stand to the right.
function rows(table, head, lines, kinds, number) {
  const row = (cells, kind) => {
    const tr = document.createElement("tr");
    for (const cell of cells) {
      const td = document.createElement(kind);
      td.textContent = cell;
      if (cell in kinds) td.className = kinds[cell];
      else if (kind === "td" && number.test(cell)) td.className = "n";
      tr.append(td);
    }
    return tr;
  };
  table.replaceChildren(...(head ? [row(head, "th")] : []), ...lines.map((cells) => row(cells, "td")));
}

function alarmsIn(place, alarms) {
  place.replaceChildren(...alarms.map((alarm) => {
    const box = document.createElement("div"), name = document.createElement("b"), advice = document.createElement("span");
    box.className = `alarm ${alarm.severity}`;
    name.textContent = `${alarm.name}: ${alarm.subject}`;
    advice.textContent = alarm.what_to_do;
    box.append(name, advice);
    return box;
  }));
}

function layout(xaxis, yaxis, legend = true) {
  const axis = { gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line") };
  return {
    margin: { l: 56, r: 8, t: 36, b: 44 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("ink"), size: 13 }, showlegend: legend, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    xaxis: { ...axis, ...xaxis }, yaxis: { ...axis, ...yaxis }, uirevision: "kept",
  };
}

// Light or dark as the browser is, until somebody has it otherwise.
function themed(redraw) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const set = (theme) => { root.dataset.theme = theme; redraw(); };
  set(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => set(dark.matches ? "dark" : "light"));
  document.getElementById("theme").addEventListener("click", () => set(root.dataset.theme === "dark" ? "light" : "dark"));
}

// Ask for the figures of a path and draw them, again and again; say when they are old.
async function followed(path, everyMs, draw) {
  const heard = document.getElementById("heard");
  try {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(answer.statusText);
    draw(await answer.json());
    heard.textContent = `as of ${new Date().toLocaleTimeString("en-GB")}`;
    heard.className = "";
  } catch (error) {
    heard.textContent = "the monitor does not answer; what stands here is old";
    heard.className = "lost";
  }
  setTimeout(() => followed(path, everyMs, draw), everyMs);
}
