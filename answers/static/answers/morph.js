// Changes elements into others without replacing what both have in common.

const template = document.createElement("template");

// The one element in this HTML, which the server has made safe.
export function parse(html) {
  template.innerHTML = html;
  return document.adoptNode(template.content.firstElementChild);
}

export function morph(node, wanted) {
  if (node.nodeName !== wanted.nodeName) return node.replaceWith(wanted);
  if (node.nodeType === Node.TEXT_NODE) return changeText(node, wanted.data);
  if (node.localName === "button" || node.isEqualNode(wanted)) return; // the state of a button is the page's own
  for (const { name } of [...node.attributes]) if (!wanted.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of wanted.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  let child = node.firstChild;
  for (const wantedChild of [...wanted.childNodes]) {
    const next = child?.nextSibling ?? null;
    if (child) morph(child, wantedChild);
    else node.append(wantedChild);
    child = next;
  }
  while (child) {
    const next = child.nextSibling;
    child.remove();
    child = next;
  }
}

function changeText(node, text) {
  const { data } = node;
  if (text.startsWith(data)) return text.length > data.length && node.appendData(text.slice(data.length));
  let kept = 0;
  while (data[kept] === text[kept]) kept++;
  node.replaceData(kept, data.length - kept, text.slice(kept));
}

// Runs `change`. If it replaces nodes in which the selection begins or ends, selects the same text in the new ones.
export function keepSelection(box, change) {
  const selection = getSelection();
  const ends = () => [selection.anchorNode, selection.anchorOffset, selection.focusNode, selection.focusOffset];
  const before = ends();
  const [anchor, anchorOffset, focus, focusOffset] = before;
  if (!box.contains(anchor) && !box.contains(focus)) return change();
  const [start, end] = [textBefore(box, anchor, anchorOffset), textBefore(box, focus, focusOffset)];
  change();
  if (ends().every((value, index) => value === before[index])) return;
  const place = (units, node, offset) => (units === null ? [node, offset] : placeAfter(box, units));
  selection.setBaseAndExtent(...place(start, anchor, anchorOffset), ...place(end, focus, focusOffset));
}

// How many units of text stand in the box before this place; null outside of it.
function textBefore(box, node, offset) {
  if (!box.contains(node)) return null;
  const range = new Range();
  range.setStart(box, 0);
  range.setEnd(node, offset);
  return range.toString().length;
}

function placeAfter(box, units) {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  let [node, left] = [box, units];
  while (walker.nextNode()) {
    node = walker.currentNode;
    if (left <= node.length) return [node, left];
    left -= node.length;
  }
  return node === box ? [box, 0] : [node, node.length];
}
