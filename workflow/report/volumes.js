"use strict";
(async () => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const form = document.querySelector("form"), {shape, origin, size} = content;
  const said = Object.fromEntries([...document.querySelectorAll("[data-of]")].map((node) => [node.dataset.of, node]));
  const field = (name) => form.elements[name];
  const text = (value, digits) => value.toFixed(digits).replace(/^-(?=0(\.0+)?$)/, "").replace("-", "−");
  const precise = (value, step) => text(value, Math.max(0, Math.min(6, -Math.floor(Math.log10(step)))));

  // Bytes: base 64, gzip, each less the one before.
  const unpacked = async (packed) => {
    const raw = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"));
    const codes = new Uint8Array(await new Response(stream).arrayBuffer());
    for (let place = 1; place < codes.length; place++) codes[place] += codes[place - 1];
    return codes;
  };
  // Codes of the analysed voxels alone, spread over the grid; `empty` elsewhere.
  const spread = (codes, inside, empty) => {
    const whole = new Uint8Array(inside.length).fill(empty);
    for (let place = 0, next = 0; place < inside.length; place++) if (inside[place]) whole[place] = codes[next++];
    return whole;
  };
  if (!("DecompressionStream" in window)) {
    field("readout").value = "This browser cannot unpack the maps (it has no DecompressionStream); any of 2023 or later can.";
    return;
  }
  const background = await unpacked(content.background);
  const models = new Map();
  const loaded = async (place) => {
    if (!models.has(place)) {
      const model = content.models[place], inside = await unpacked(model.analysed), made = {inside, measures: {}, thresholds: {}};
      for (const [name, one] of Object.entries(model.measures)) made.measures[name] = spread(await unpacked(one.data), inside, 0);
      for (const [name, one] of Object.entries(model.thresholds)) made.thresholds[name] = spread(await unpacked(one), inside, 255);
      models.set(place, made);
    }
    return models.get(place);
  };

  const PLANES = {axial: {across: 2, right: 0, up: 1}, coronal: {across: 1, right: 0, up: 2}, sagittal: {across: 0, right: 1, up: 2}};
  const SCALE = 4, NAMES = ["x", "y", "z"];
  const cross = [0, 0, 0];
  let model, stored, codes, allowed, limit, peak, talking;
  const index = (voxel) => voxel[0] + shape[0] * (voxel[1] + shape[1] * voxel[2]);
  const mm = (axis) => origin[axis] + size[axis] * cross[axis];
  const value = (code) => (code - 128) / 127 * stored.top;
  const isShown = (place) => codes[place] > 0 && (allowed === null || allowed[place] <= limit);
  // A code counts the limits that a p-value has reached: p < edges[limit] where it is no more than limit.
  const p = (code) => {
    const edges = content.edges;
    if (code === 0) return `<${edges[0].toPrecision(1)}`;
    if (code >= edges.length) return "=1";
    return `=${Number(Math.sqrt(edges[code - 1] * edges[code]).toPrecision(2))}`;
  };

  const draw = () => {
    const opacity = field("opacity").value / 100;
    for (const [name, {across, right, up}] of Object.entries(PLANES)) {
      const canvas = document.getElementById(name), [wide, high] = [shape[right], shape[up]];
      const mirrored = right === 0, image = new ImageData(wide, high), voxel = [...cross];
      for (let row = 0; row < high; row++) {
        for (let column = 0; column < wide; column++) {
          voxel[right] = mirrored ? wide - 1 - column : column;
          voxel[up] = high - 1 - row;
          const place = index(voxel), at = 4 * (column + wide * row), grey = background[place] * 0.85, on = isShown(place);
          for (let part = 0; part < 3; part++) {
            const colour = on ? content.colours[3 * (codes[place] - 1) + part] : 0;
            image.data[at + part] = on ? grey + opacity * (colour - grey) : grey;
          }
          image.data[at + 3] = 255;
        }
      }
      const small = new OffscreenCanvas(wide, high);
      small.getContext("2d").putImageData(image, 0, 0);
      canvas.width = SCALE * wide;
      canvas.height = SCALE * high * size[up] / size[right];
      const pen = canvas.getContext("2d"), tall = canvas.height / high;
      pen.imageSmoothingEnabled = false;
      pen.drawImage(small, 0, 0, canvas.width, canvas.height);
      const x = SCALE * ((mirrored ? wide - 1 - cross[right] : cross[right]) + 0.5), y = tall * (high - 1 - cross[up] + 0.5);
      for (const [colour, width] of [["#000", 3], ["#fff", 1]]) {  // a gap in the middle leaves the voxel to be seen
        pen.strokeStyle = colour; pen.lineWidth = width; pen.beginPath();
        for (const [a, b] of [[0, x - 12], [x + 12, canvas.width]]) { pen.moveTo(a, y); pen.lineTo(b, y); }
        for (const [a, b] of [[0, y - 12], [y + 12, canvas.height]]) { pen.moveTo(x, a); pen.lineTo(x, b); }
        pen.stroke();
      }
      pen.font = "bold 18px sans-serif"; pen.lineWidth = 4; pen.strokeStyle = "#000"; pen.fillStyle = "#fff";
      const letters = mirrored ? "RL" : "PA";
      for (const [letter, place] of [[letters[0], 6], [letters[1], canvas.width - 20]]) {
        pen.strokeText(letter, place, 22); pen.fillText(letter, place, 22);
      }
      said[name].textContent = `${NAMES[across]} = ${text(mm(across), 0)} mm`;
    }
    for (const [axis, name] of NAMES.entries()) {
      field(name).value = mm(axis);
      field(name).setAttribute("aria-valuetext", `${text(mm(axis), 0)} mm`);
    }
    clearTimeout(talking);
    talking = setTimeout(read, 150);  // else every step of a slider would be read aloud
  };

  const read = () => {
    const place = index(cross), at = NAMES.map((name, axis) => `${name} ${text(mm(axis), 0)}`).join(", ") + " mm: ";
    if (!codes[place]) { field("readout").value = at + (background[place] ? "not analysed." : "outside of the brain."); return; }
    const parts = Object.entries(content.measures).map(([name, label]) => {
      const one = content.models[field("model").value].measures[name], step = one.top / 127;
      return `${label} ${precise((model.measures[name][place] - 128) * step, step)} ${one.unit}`.trim();
    });
    const ps = Object.entries(model.thresholds).map(([name, volume]) => `p${p(volume[place])} (${content.thresholds[name]})`);
    field("readout").value = `${at}${[...parts, ...ps].join("; ")}.`;
  };

  const choose = () => {
    stored = content.models[field("model").value].measures[field("measure").value];
    codes = model.measures[field("measure").value];
    const threshold = field("threshold").value, level = Number(field("level").value);
    allowed = threshold ? model.thresholds[threshold] : null;
    field("level").disabled = !threshold;
    limit = content.edges.indexOf(Math.fround(level));
    let count = 0, best = -1, most = -1;
    for (let place = 0; place < codes.length; place++) {
      if (!codes[place]) continue;
      const strength = Math.abs(codes[place] - 128), on = isShown(place);
      if (on) count++;
      if (strength + 1000 * on > most) { most = strength + 1000 * on; best = place; }
    }
    peak = [best % shape[0], Math.floor(best / shape[0]) % shape[1], Math.floor(best / shape[0] / shape[1])];
    const {label, n} = content.models[field("model").value], measure = content.measures[field("measure").value];
    const where = threshold ? `where p<${level} (${content.thresholds[threshold]})` : "everywhere, whatever its p-value";
    const volume = text(count * size[0] * size[1] * size[2] / 1000, 1);
    const found = count ? `${count} voxels, ${volume} mL.` : "No voxel is.";
    said.shown.textContent = `${label}${n === null ? "" : `, n=${n}`}. ${measure} coloured ${where}: ${found}`;
    said.low.textContent = precise(-stored.top, stored.top / 10);
    said.high.textContent = precise(stored.top, stored.top / 10);
    said.unit.textContent = stored.unit ? `${measure} (${stored.unit})` : measure;
    const steps = Object.entries(content.models[field("model").value].measures).map(([name, {top, unit}]) =>
      `${content.measures[name]} in steps of ${(top / 127).toPrecision(2)} ${unit}`.trim());
    said.stored.textContent = `Stored in this page of this model: ${steps.join(", ")}; voxels of ${size.map((side) => text(side, 0)).join(" × ")} mm. `
      + "Whether a p-value is below a level offered above is exact; the p-value of a voxel is good to 6 %.";
  };
  const fill = (name, entries, chosen) => {
    field(name).replaceChildren(...entries.map(([key, label]) => new Option(label, key)));
    if (entries.some(([key]) => String(key) === String(chosen))) field(name).value = chosen;
  };
  const change = async (chosen) => {
    const {thresholds, level} = content.models[field("model").value];
    model = await loaded(field("model").value);
    const listed = Object.entries(content.thresholds).filter(([name]) => name in thresholds);
    fill("threshold", [...listed, ["", "not asked"]], chosen ? field("threshold").value : listed[0]?.[0]);
    if (!chosen) fill("level", content.levels.map((one) => [one, one]), level);
    choose();
  };
  const go = (voxel) => { voxel.forEach((one, axis) => { cross[axis] = Math.max(0, Math.min(shape[axis] - 1, one)); }); draw(); };

  fill("measure", Object.entries(content.measures));
  await change(false);
  field("model").addEventListener("change", async () => { await change(true); draw(); });
  for (const name of ["measure", "threshold", "level"]) field(name).addEventListener("change", () => { choose(); draw(); });
  field("opacity").addEventListener("input", draw);
  field("peak").addEventListener("click", () => go(peak));
  for (const [axis, name] of NAMES.entries()) field(name).addEventListener("input", () => {
    cross[axis] = Math.round((Number(field(name).value) - origin[axis]) / size[axis]);
    draw();
  });
  for (const [name, {across, right, up}] of Object.entries(PLANES)) {
    const canvas = document.getElementById(name), toRight = right === 0 ? -1 : 1;
    const moves = {ArrowLeft: [right, -toRight], ArrowRight: [right, toRight], ArrowDown: [up, -1], ArrowUp: [up, 1],
      PageDown: [across, -1], PageUp: [across, 1]};
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Home") { event.preventDefault(); go(peak); return; }
      const [axis, by] = moves[event.key] ?? [];
      if (axis === undefined) return;
      event.preventDefault();
      const voxel = [...cross];
      voxel[axis] += by;
      go(voxel);
    });
    const point = (event) => {
      const box = canvas.getBoundingClientRect(), voxel = [...cross];
      const column = Math.floor((event.clientX - box.left) / box.width * shape[right]);
      voxel[right] = toRight < 0 ? shape[right] - 1 - column : column;
      voxel[up] = shape[up] - 1 - Math.floor((event.clientY - box.top) / box.height * shape[up]);
      go(voxel);
    };
    canvas.addEventListener("pointerdown", point);
    canvas.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" && event.buttons === 1) point(event); });
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  const ramp = new ImageData(255, 1);
  for (let code = 0; code < 255; code++) ramp.data.set([...content.colours.slice(3 * code, 3 * code + 3), 255], 4 * code);
  document.getElementById("scale").getContext("2d").putImageData(ramp, 0, 0);
  go(peak);
})();
