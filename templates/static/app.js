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
