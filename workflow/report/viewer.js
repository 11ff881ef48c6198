"use strict";
(() => {
  // On paper everything is open; afterwards as it was.
  const folded = () => [...document.querySelectorAll("details:not([open])")];
  let opened = [];
  addEventListener("beforeprint", () => { opened = folded(); opened.forEach((one) => { one.open = true; }); });
  addEventListener("afterprint", () => { opened.forEach((one) => { one.open = false; }); opened = []; });

  // A link into a closed part opens it.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // The list of participants as a viewer of their pictures: those inside the page from there, the others from beside it.
  const viewer = document.querySelector(".viewer");
  if (!viewer) return;
  const links = [...document.querySelectorAll("#participants th a")];
  const heads = [...document.querySelectorAll("#participants thead th")].map((head) => head.textContent);
  const inside = new Map([...document.querySelectorAll(".pictures figure")].map(
    (figure) => [figure.dataset.participant, figure.querySelector("img").src]));
  const [select, image, caption] = ["select", "img", "figcaption"].map((name) => viewer.querySelector(name));
  const buttons = [...viewer.querySelectorAll("button")];
  const said = (link) => [...link.closest("tr").cells].slice(1).map(
    (cell, place) => `${heads[place + 1]}: ${cell.textContent.trim().replace(/\s+/g, " ") || "–"}`).join(" · ");
  links.forEach((link, place) => select.add(new Option(link.textContent, place)));
  const show = (place) => {
    const link = links[place], name = link.textContent;
    select.value = place;
    buttons.forEach((button) => button.setAttribute("aria-disabled", !links[place + Number(button.dataset.step)]));
    image.alt = `Segmentation of ${name} in slices of the image`;
    image.src = inside.get(name) ?? link.href;
    image.hidden = false;
    caption.textContent = `${name}, ${place + 1} of ${links.length}. ${said(link)}`;
  };
  const step = (by) => { if (links[select.selectedIndex + by]) show(select.selectedIndex + by); };
  image.addEventListener("error", () => {
    image.hidden = true;
    caption.textContent += " · The picture is not beside this page: open the page inside its folder of results.";
  });
  select.addEventListener("change", () => show(select.selectedIndex));
  buttons.forEach((button) => button.addEventListener("click", () => step(Number(button.dataset.step))));
  viewer.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && event.target !== select) { event.preventDefault(); step(by); }
  });
  viewer.hidden = false;
  if (inside.has(links[0].textContent)) show(0);
  else { select.selectedIndex = 0; caption.textContent = "Choose a participant."; }
})();
