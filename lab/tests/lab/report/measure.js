// Run inside the report by lab/tests/lab/report.rs: everything that a reader would stumble over, as a list of sentences.
(() => {
  const wrong = [];
  const page = document.documentElement;
  const short = (node) => JSON.stringify(node.textContent.trim().slice(0, 40));
  for (const details of document.querySelectorAll("details")) details.open = true;

  // The page itself never scrolls sideways; what is wide scrolls in a box that the keyboard reaches.
  if (page.scrollWidth > page.clientWidth) wrong.push(`the page is ${page.scrollWidth} wide, not ${page.clientWidth}`);
  for (const node of document.querySelectorAll("svg, table, pre"))
    if (!node.closest(".scroll[tabindex='0'][role][aria-label]")) wrong.push(`no box for ${short(node)}`);

  // Links lead somewhere in the page, ids are there once, nothing is loaded from elsewhere.
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  if (new Set(ids).size !== ids.length) wrong.push("an id is there twice");
  for (const link of document.querySelectorAll("a"))
    if (!ids.includes(decodeURIComponent(link.getAttribute("href").slice(1)))) wrong.push(`${short(link)} leads nowhere`);
  for (const node of document.querySelectorAll("[aria-labelledby], [aria-describedby]"))
    for (const id of [node.getAttribute("aria-labelledby"), node.getAttribute("aria-describedby")])
      if (!ids.includes(id) || !document.getElementById(id).textContent.trim()) wrong.push(`${id} describes nothing`);

  // In a picture every text is inside, apart from the others, and large enough.
  const room = (node) => node.getBoundingClientRect();
  for (const svg of document.querySelectorAll("svg")) {
    const frame = room(svg), texts = [...svg.querySelectorAll("text")];
    const name = svg.querySelector("title").textContent;
    if (svg.getAttribute("role") !== "img" || texts.length < 3) wrong.push(`${name} is no picture`);
    if (svg.getScreenCTM().a * 13 < 12.9) wrong.push(`${name} is drawn too small`);
    const boxes = texts.map((text) => ({ text, box: room(text) }));
    for (const [index, { text, box }] of boxes.entries()) {
      const inside = box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;
      if (!inside || box.width === 0) wrong.push(`${name}: ${short(text)} is not inside`);
      for (const other of boxes.slice(0, index)) {
        // Fonts keep a little room above and below their letters.
        const apart = box.left >= other.box.right || other.box.left >= box.right ||
          box.top + 2 >= other.box.bottom - 2 || other.box.top + 2 >= box.bottom - 2;
        if (!apart) wrong.push(`${name}: ${short(text)} and ${short(other.text)} overlap`);
      }
    }
  }

  // Text stands out from what is behind it (WCAG 2.2, 1.4.3: 4.5 to 1).
  const colour = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const [r, g, b, a = 1] = colour(getComputedStyle(node).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  let measured = 0;
  for (const node of document.body.querySelectorAll("*")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.checkVisibility() || node.closest("title, desc")) continue;
    const style = getComputedStyle(node);
    const [one, two] = [light(colour(node.tagName === "text" ? style.fill : style.color)), light(behind(node))];
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (contrast < 4.5) wrong.push(`${short(node)} has a contrast of ${contrast.toFixed(2)}`);
    measured += 1;
  }
  if (measured < 100) wrong.push(`only ${measured} texts were measured`);
  return wrong;
})()
