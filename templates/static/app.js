"use strict";
// Optional: nothing needs this file. It keeps a form from being sent twice by a
// double click (the server would take it once all the same).
document.addEventListener("submit", function (event) {
  var form = event.target;
  if (form.dataset.sent === "yes") {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", function () {
  document.querySelectorAll("form").forEach(function (form) { delete form.dataset.sent; });
});

// The keys of the workbench (/review/keys), and marking a place on a page by
// drawing over it. Both are there without a script too: by Tab, Space and Enter,
// and by pressing two corners.
(function () {
  var bench = document.querySelector(".bench");
  if (!bench) { return; }

  var checks = function () {
    return Array.prototype.filter.call(document.querySelectorAll("#checks form .check"), function (check) {
      return check.querySelector("input[type=radio]") && !check.closest("details:not([open])");
    });
  };
  var current = function () { return document.activeElement && document.activeElement.closest("#checks .check"); };
  var enter = function (check) {
    var radio = check && (check.querySelector("input[type=radio]:checked") || check.querySelector("input[type=radio]"));
    if (radio) { radio.focus(); }
  };
  var open = function () {
    return checks().filter(function (check) { return !check.querySelector("input[type=radio]:checked"); })[0];
  };
  var step = function (by) {
    var list = checks(), at = list.indexOf(current());
    enter(at < 0 ? open() || list[0] : list[Math.min(Math.max(at + by, 0), list.length - 1)]);
  };
  var answer = function (nth) {
    var check = current() || open();
    if (!check) { return; }
    var radio = check.querySelectorAll("input[type=radio]")[nth];
    if (!radio) { return; }
    radio.checked = true;
    if (nth > 0) { check.querySelector("input[name^=note_]").focus(); return; }
    enter(open() || check);
  };
  var press = function (selector) {
    var button = document.querySelector(selector);
    if (button) { button.click(); }
  };
  var go = function (selector) {
    var field = document.querySelector(selector);
    if (field) { field.focus(); }
  };
  // cell goes to the choice of the next kind of data, and unfolds it.
  var cell = function () {
    var list = Array.prototype.filter.call(document.querySelectorAll("#grid .item"), function (item) { return item.querySelector("input[type=radio]"); });
    var next = list[(list.indexOf(document.activeElement && document.activeElement.closest("#grid .item")) + 1) % list.length];
    if (!next) { return; }
    if (next.querySelector("details")) { next.querySelector("details").open = true; }
    (next.querySelector("input[type=radio]:checked") || next.querySelector("input[type=radio]")).focus();
  };
  var keys = {
    "1": function () { answer(0); }, "2": function () { answer(1); }, "3": function () { answer(2); }, "4": function () { answer(3); },
    "j": function () { step(1); }, "k": function () { step(-1); },
    "p": function () { var check = current(); if (check) { check.querySelector("input[name^=place_]").focus(); } },
    "s": function () { press("#checks form button[type=submit]"); },
    "q": function () { press("#acts button[name=then][value=next].button-primary"); },
    "t": function () { press("main form[action$='/claim'] button"); },
    "r": function () { go("#acts form[action$='/qualify'] input[type=radio]"); },
    "a": function () { go("#ask-saved"); },
    "x": function () { go("#refuse-why"); },
    "c": function () { go("#counsel-why"); },
    "d": cell,
    "n": function () { press(".next-case a"); },
    "g": function () { location.href = "/review"; },
    "?": function () { location.href = "/review/keys"; }
  };
  document.addEventListener("keydown", function (event) {
    if (bench.dataset.keys !== "on" || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) { return; }
    if (event.target.matches("textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=submit]):not([type=image])")) { return; }
    var act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // What a saved text leaves open is marked, to be typed over. Not before the page
  // has loaded: the browser takes the focus away when it goes to the address's part.
  window.addEventListener("load", function () {
    var body = document.getElementById("ask-body"), left = body && body.value.match(/\[\[[^\]]*\]\]/);
    if (!left) { return; }
    body.focus();
    body.setSelectionRange(left.index, left.index + left[0].length);
  });

  var marking = null, from = null;
  document.addEventListener("click", function (event) {
    var button = event.target.closest("button[name=mark]");
    if (!button || !document.querySelector(".sheet-page img")) { return; }
    event.preventDefault();
    marking = button.closest(".check").querySelector("input[name^=place_]");
    document.querySelectorAll(".sheet-page").forEach(function (page) { page.classList.add("marking"); });
    document.getElementById("order").focus();
  });
  var at = function (event, img) {
    var box = img.getBoundingClientRect();
    var thousandth = function (part, whole) { return Math.min(Math.max(Math.round(part * 1000 / whole), 0), 1000); };
    return { x: thousandth(event.clientX - box.left, box.width), y: thousandth(event.clientY - box.top, box.height) };
  };
  document.addEventListener("pointerdown", function (event) {
    if (!marking || !event.target.matches(".sheet-page img")) { return; }
    event.preventDefault();
    from = at(event, event.target);
  });
  document.addEventListener("pointerup", function (event) {
    if (!marking || !from || !event.target.matches(".sheet-page img")) { return; }
    var to = at(event, event.target), least = 20;
    var side = function (a, b) {
      var low = Math.min(a, b), size = Math.abs(a - b);
      if (size < least) { low = Math.min(Math.max(low - least / 2, 0), 1000 - least); size = least; }
      return [low, size];
    };
    var x = side(from.x, to.x), y = side(from.y, to.y);
    marking.value = event.target.closest(".sheet").id + "@" + [x[0], y[0], x[1], y[1]].join(",");
    document.querySelectorAll(".sheet-page").forEach(function (page) { page.classList.remove("marking"); });
    marking.focus();
    marking = from = null;
  });
})();
