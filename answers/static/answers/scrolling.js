// Keeps a reader who is at the end of the page there while it grows, and leaves everybody else where they are. The
// browser reports sizes once a frame, after its own layout, so no message makes it lay out the page again.

const END_PIXELS = 40; // a reader this close to the end is at the end
const root = document.documentElement;
const button = document.getElementById("to-end"); // null on a shared page

// Whether the reader of one box is at its end. Only the reader's own movement changes that.
export class End {
  isFollowed;
  #box;
  #top;

  constructor(box, isFollowed) {
    [this.#box, this.#top, this.isFollowed] = [box, box.scrollTop, isFollowed];
  }

  get left() { return this.#box.scrollHeight - this.#box.clientHeight - this.#box.scrollTop; } // pixels below the view

  scrolled() {
    const { scrollTop: top } = this.#box;
    const isAtEnd = this.left <= END_PIXELS;
    if (top < this.#top && !isAtEnd) this.isFollowed = false;
    if (top > this.#top && isAtEnd) this.isFollowed = true; // not if the browser has only cut a page that got shorter
    this.#top = top;
  }

  go() {
    this.isFollowed = true;
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#top = this.#box.scrollTop;
  }

  // The page has scrolled to the beginning of something, which may be its end too.
  stay() {
    this.isFollowed = false;
    this.#top = this.#box.scrollTop;
  }
}

const end = new End(root, false);

// A reader who selects text, or has the focus in an answer, is reading.
const isReading = () => !getSelection().isCollapsed || document.activeElement.closest("article") !== null;

function changed() {
  if (end.isFollowed && !isReading()) end.go();
  if (!button) return;
  const isMore = end.left > END_PIXELS && (!button.hidden || document.querySelector("#form.is-busy") !== null);
  if (!isMore && document.activeElement === button) document.getElementById("ask").focus({ preventScroll: true });
  button.hidden = !isMore;
}

new ResizeObserver(changed).observe(document.getElementById("page"));
addEventListener("resize", changed);
addEventListener("scroll", () => {
  end.scrolled();
  changed();
}, { passive: true });
button?.addEventListener("click", () => {
  getSelection().removeAllRanges();
  end.go();
  changed();
});

export const isAtEnd = () => end.left <= END_PIXELS;

// The answer to a new question begins at the top of the view. The page does not move while it is being read there.
export function begin(article) {
  if (article.previousElementSibling) article.scrollIntoView();
  else scrollTo(0, 0);
  end.stay();
}
