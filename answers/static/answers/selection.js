// A selection survives changes to the text in which it begins or ends.

// Asking for the selection may lay out the page, so nobody asks while there is none in a text.
let isInText = false;
document.addEventListener("selectionchange", () => {
  const { anchorNode, focusNode } = getSelection();
  isInText = [anchorNode, focusNode].some((node) => node?.parentElement?.closest(".text"));
});

// Runs `change`. If it replaces nodes in which the selection begins or ends, selects the same text in the new ones.
export function keepSelection(box, change) {
  if (!isInText) return change();
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
