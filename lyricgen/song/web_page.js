// Lights what sounds: whatever bears data-on and data-off, the seconds of one verse at
// which it begins and ends. The body says when the first verse begins, how long one is
// and how many there are. A click plays from there.
(() => {
  "use strict";

  const audio = document.querySelector("audio");
  const leadIn = +document.body.dataset.leadIn;
  const verseSeconds = +document.body.dataset.verseSeconds;
  const verses = +document.body.dataset.verses;
  const timed = [...document.querySelectorAll("[data-on]")].map(element => ({
    element,
    on: +element.dataset.on,
    off: +element.dataset.off,
    verse: "verse" in element.dataset ? +element.dataset.verse : null,
  }));

  // Under a note stand the words of all verses, as many lines for each.
  const sungWords = [];
  for (const { element } of timed) {
    const words = element.querySelectorAll("g.verse");
    words.forEach((word, k) => {
      sungWords.push({ word, verse: Math.floor((k * verses) / words.length) });
    });
  }

  // The verse that is sung now, counted from 0.
  function verseNow() {
    const past = Math.floor((audio.currentTime - leadIn) / verseSeconds);
    return Math.min(Math.max(past, 0), verses - 1);
  }

  function update() {
    const verse = verseNow();
    const now = audio.currentTime - leadIn - verse * verseSeconds;
    const started = audio.currentTime > 0 || !audio.paused;
    for (const part of timed) {
      const sung = part.verse === null || part.verse === verse;
      const sounds = started && sung && part.on <= now && now < part.off;
      part.element.classList.toggle("lit", sounds);
    }
    for (const words of sungWords) {
      words.word.classList.toggle("silent", words.verse !== verse);
    }
  }

  function follow() {
    update();
    if (!audio.paused) requestAnimationFrame(follow);
  }

  for (const part of timed) {
    part.element.addEventListener("click", () => {
      const verse = part.verse === null ? verseNow() : part.verse;
      audio.currentTime = leadIn + verse * verseSeconds + part.on;
      audio.play();
    });
  }
  for (const event of ["timeupdate", "seeked", "pause", "ended"]) {
    audio.addEventListener(event, update);
  }
  audio.addEventListener("play", follow);
  update();
})();
