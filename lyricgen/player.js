// Makes the players of this output follow their sound. Each player is a <figure> with
// an <audio> and pictures, which work without this script: a notebook that is not
// trusted has them alone. The pictures are SVGs in data URIs; whatever sounds in them
// bears data-on and data-off in seconds. Everything that is added stands inside the
// figure, so that nothing is left when the output goes.
(() => {
  "use strict";

  const STYLE = `
    svg { max-width: 100%; height: auto; display: block; }
    [data-on] { cursor: pointer; }
    .lit { fill: #D55E00; color: #D55E00; }
    rect.lit { stroke: #000000; stroke-width: 1.5; }`;

  // Puts a picture's own SVG in its place. The shadow keeps its ids and its style apart
  // from those of the page.
  function inline(image) {
    const encoded = atob(image.src.split(",")[1]);
    const bytes = Uint8Array.from(encoded, letter => letter.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    svg.querySelectorAll("title, desc").forEach(words => words.remove());
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", image.alt);
    const style = document.createElement("style");
    style.textContent = STYLE;
    const place = document.createElement("div");
    place.attachShadow({ mode: "open" }).append(style, svg);
    image.replaceWith(place);
    return svg;
  }

  // A vertical line over a piano roll, which says where its time axis lies.
  function addCursor(svg) {
    const { left, width, seconds } = svg.dataset;
    const line = document.createElementNS(svg.namespaceURI, "line");
    line.setAttribute("class", "cursor");
    line.setAttribute("y1", 0);
    line.setAttribute("y2", svg.dataset.bottom);
    line.setAttribute("stroke", "#000000");
    line.setAttribute("stroke-width", 2);
    svg.append(line);
    return now => {
      const x = +left + Math.min(now / seconds, 1) * width;
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
    };
  }

  function light(notes, now, started) {
    for (const note of notes) {
      const sounds = started && +note.dataset.on <= now && now < +note.dataset.off;
      note.classList.toggle("lit", sounds);
    }
  }

  function makeButton(audio, label) {
    const button = document.createElement("button");
    button.type = "button";
    button.style.minWidth = "6em";
    button.onclick = () => (audio.paused ? audio.play() : audio.pause());
    const update = () => {
      const action = audio.paused ? "Play" : "Pause";
      button.textContent = (audio.paused ? "▶ " : "❚❚ ") + action;
      button.setAttribute("aria-label", `${action}: ${label}`);
    };
    return [button, update];
  }

  function makePosition(audio, label) {
    const slider = document.createElement("input");
    const words = document.createElement("span");
    slider.type = "range";
    slider.step = 0.1;
    slider.style.cssText = "width: 20em; max-width: 50%; vertical-align: middle; margin: 0 1em;";
    slider.setAttribute("aria-label", `Position: ${label}`);
    // JupyterLab would take the arrow keys
    slider.dataset.lmSuppressShortcuts = "true";
    slider.oninput = () => { audio.currentTime = slider.value; };
    const update = () => {
      const seconds = audio.duration || 0;
      slider.max = seconds;
      slider.value = audio.currentTime;
      words.textContent = `${Math.floor(audio.currentTime)} of ${Math.round(seconds)} s`;
      slider.setAttribute("aria-valuetext", words.textContent);
    };
    return [slider, words, update];
  }

  function start(figure) {
    figure.dataset.started = "yes";
    const audio = figure.querySelector("audio");
    const label = audio.getAttribute("aria-label");
    const pictures = [...figure.querySelectorAll("img")].map(inline);
    const moves = pictures.filter(svg => svg.dataset.seconds).map(addCursor);
    const notes = pictures.flatMap(svg => [...svg.querySelectorAll("[data-on]")]);
    const [button, updateButton] = makeButton(audio, label);
    const [slider, words, updatePosition] = makePosition(audio, label);

    const update = () => {
      const now = audio.currentTime;
      moves.forEach(move => move(now));
      light(notes, now, now > 0 || !audio.paused);
      updateButton();
      updatePosition();
    };
    const follow = () => {
      update();
      if (!audio.paused && figure.isConnected) requestAnimationFrame(follow);
    };
    for (const note of notes) {
      note.addEventListener("click", () => { audio.currentTime = note.dataset.on; });
    }
    for (const event of ["loadedmetadata", "durationchange", "timeupdate", "seeked", "pause"]) {
      audio.addEventListener(event, update);
    }
    audio.addEventListener("play", follow);

    const controls = document.createElement("div");
    controls.append(button, slider, words);
    audio.before(controls);
    // the button and the position take their place
    audio.controls = false;
    update();
  }

  const waiting = "figure.lyricgen-player:not([data-started])";
  document.querySelectorAll(waiting).forEach(start);
})();
