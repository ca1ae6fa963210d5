// Measures the frame it is in, and writes the result as JSON into the page around it.
const parse = (color) => color.match(/[\d.]+/g).map(Number);
const luminance = (rgb) => {
  const [r, g, b] = rgb.slice(0, 3).map((v) => {
    v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = parse(getComputedStyle(e).backgroundColor);
    if (color.length < 4 || color[3] === 1) return color;
    if (color[3] !== 0) throw new Error("a background that is half transparent");
  }
  return [255, 255, 255];
};
const contrast = (a, b) => {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
};
const result = {
  InnerWidth: window.innerWidth,
  ScrollWidth: document.documentElement.scrollWidth,
  Dark: matchMedia("(prefers-color-scheme: dark)").matches,
  Texts: 0,
  Faint: [],
  Cut: [],
  Headings: [...document.querySelectorAll("h1, h2, h3")].map((h) => h.tagName),
  Tables: [...document.querySelectorAll("table")].filter((t) => t.getAttribute("role") === "table" && t.querySelector("[role=columnheader]") && t.querySelector("[role=cell]")).length,
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const element = node.parentElement;
  const box = element.getBoundingClientRect();
  if (!node.data.trim() || element.tagName === "SCRIPT" || box.width <= 1 || element.closest("thead")?.offsetWidth === 1) continue;
  result.Texts++;
  const ratio = contrast(parse(getComputedStyle(element).color), behind(element));
  if (ratio < 4.5) result.Faint.push(node.data.trim().slice(0, 40) + " " + ratio.toFixed(2));
  const range = document.createRange();
  range.selectNodeContents(node);
  const text = range.getBoundingClientRect();
  if (text.right > window.innerWidth || text.left < 0) result.Cut.push(node.data.trim().slice(0, 40));
}
for (const cell of document.querySelectorAll("td")) { // the labels of cards
  const label = getComputedStyle(cell, "::before");
  if (label.content === "none" || label.content === "normal") continue;
  result.Texts++;
  const ratio = contrast(parse(label.color), behind(cell));
  if (ratio < 4.5) result.Faint.push(label.content + " " + ratio.toFixed(2));
}
const out = document.createElement("pre");
out.className = "measured";
out.textContent = JSON.stringify(result);
parent.document.body.append(out);
