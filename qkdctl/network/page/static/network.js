"use strict";
// A network: its nodes, links and ways.

const EVERY_MS = 2000;
const MOST_LINES = 6;
const at = (id) => document.getElementById(id);
const bits = (value) => (value >= 1e6 ? `${shown(value / 1e6, 1)} Mbit` : `${shown(value / 1e3, 1)} kbit`);

const STATES = { up: "key", runs: "key", down: "refused" };
const table = (id, head, lines) => rows(at(id), head, lines, STATES, /^[\d.,]+( [kM]bit)?$/);

function tile(id, value, bad) {
  at(id).querySelector("b").textContent = value;
  at(id).classList.toggle("bad", Boolean(bad));
}

function graph(figures) {
  const place = new Map(figures.nodes.map((node) => [node.name, node]));
  const used = new Set(figures.routes.flatMap((route) => route.way.slice(1).map((node, i) => [route.way[i], node].sort().join(" "))));
  const lines = [...figures.links].sort((a, b) => a.up - b.up).flatMap((link) => {
    const stops = link.via ? [link.ends[0], link.via, link.ends[1]] : link.ends;
    return stops.slice(1).map((stop, i) => {
      const [a, b] = [place.get(stops[i]), place.get(stop)];
      const busy = used.has([a.name, b.name].sort().join(" "));
      return { x: [a.x, b.x], y: [a.y, b.y], mode: "lines", hoverinfo: "text", text: `${link.name}: ${link.up ? bits(link.bits) : "down"}`,
        line: { color: link.up ? colour(busy ? "c0" : "dim") : colour("bad"), width: busy ? 4 : 2, dash: link.via ? "dash" : link.up ? "solid" : "dot" } };
    });
  });
  const nodes = { x: figures.nodes.map((node) => node.x), y: figures.nodes.map((node) => node.y), mode: "markers+text",
    text: figures.nodes.map((node) => node.name), textposition: "top center", hoverinfo: "text",
    hovertext: figures.nodes.map((node) => `${node.name}, ${node.domain}: ${node.saes.join(", ") || "no applications"}`),
    marker: { size: 14, color: figures.nodes.map((node) => colour(node.up ? "good" : "bad")),
      symbol: figures.nodes.map((node) => (node.domain === "in orbit" ? "star" : "circle")) } };
  // Names stand around their nodes and need room.
  const bare = (at, share) => {
    const least = Math.min(...at), most = Math.max(...at), room = share * (most - least || 1);
    return { visible: false, range: [least - room, most + room] };
  };
  Plotly.react(at("graph"), [...lines, nodes], { ...layout(bare(nodes.x, 0.2), bare(nodes.y, 0.15), false), margin: { l: 8, r: 8, t: 24, b: 8 } }, OPTIONS);
}

function curves(figures) {
  const least = [...figures.links].sort((a, b) => a.bits - b.bits).slice(0, MOST_LINES);
  const line = (link, i, x, y, shape) => ({ x, y, mode: "lines", name: link.name, line: { color: colour(`c${i % 6}`), width: 2, shape } });
  const level = { title: { text: "bits" }, rangemode: "tozero" };
  Plotly.react(at("levels"), least.map((link, i) => line(link, i, link.levels.at, link.levels.bits)), layout({}, level), OPTIONS);
  const ahead = least.map((link, i) => line(link, i, link.forecast.hours, link.forecast.bits, "hv"));
  Plotly.react(at("ahead"), ahead, layout({ title: { text: "hours of scenario time" } }, level), OPTIONS);
}

function draw(figures) {
  at("name").textContent = figures.name;
  alarmsIn(at("alarms"), figures.alarms);
  const up = (list) => list.filter((one) => one.up).length;
  tile("nodes-up", `${up(figures.nodes)} of ${figures.nodes.length}`, up(figures.nodes) < figures.nodes.length);
  tile("links-up", `${up(figures.links)} of ${figures.links.length}`, up(figures.links) < figures.links.length);
  tile("made", shown(figures.keys_made));
  tile("waiting", shown(figures.keys_waiting));
  table("links", ["link", "between", "kind", "", "key", "in a day"], figures.links.map((link) => [
    link.name, [link.ends[0], ...(link.via ? [link.via] : []), link.ends[1]].join(" – "), link.kind, link.up ? "up" : "down",
    bits(link.bits), link.coming_bits > 0 ? `+ ${bits(link.coming_bits)}` : "–"]));
  table("nodes", ["node", "domain", "", "applications", "keys"], figures.nodes.map((node) => [
    node.name, node.domain, node.up ? "runs" : "down", node.saes.join(", "), shown(node.keys.made ?? node.keys.published ?? 0)]));
  table("routes", ["way", "times"], figures.routes.map((route) => [route.way.join(" – "), shown(route.times)]));
  graph(figures);
  curves(figures);
}

let last = null;
themed(() => { if (last) draw(last); });
followed("network.json", EVERY_MS, (figures) => draw(last = figures));
