"use strict";
// Passkeys: the only thing on these pages that needs a script, because a browser
// offers passkeys to scripts alone. It asks our server for a challenge, the
// browser for its answer, and puts that into the form, which is then sent as any
// other.
(function () {
  function bytes(text) {
    var raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, function (c) { return c.charCodeAt(0); });
  }
  function text(buffer) {
    var out = "";
    new Uint8Array(buffer).forEach(function (b) { out += String.fromCharCode(b); });
    return btoa(out).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function revive(list) {
    return (list || []).map(function (c) { return Object.assign({}, c, { id: bytes(c.id) }); });
  }
  // The credential as JSON, for browsers that do not give it themselves.
  function plain(c) {
    var r = c.response, out = { clientDataJSON: text(r.clientDataJSON) };
    if (r.attestationObject) {
      out.attestationObject = text(r.attestationObject);
      out.transports = r.getTransports ? r.getTransports() : [];
    } else {
      out.authenticatorData = text(r.authenticatorData);
      out.signature = text(r.signature);
      if (r.userHandle) { out.userHandle = text(r.userHandle); }
    }
    return JSON.stringify({ id: c.id, rawId: text(c.rawId), type: c.type, response: out, clientExtensionResults: c.getClientExtensionResults() });
  }
  function begin(address, fields) {
    return fetch(address, { method: "POST", credentials: "same-origin", headers: { Accept: "application/json" }, body: new URLSearchParams(fields) })
      .then(function (r) { if (!r.ok) { throw new Error("refused"); } return r.json(); });
  }
  function get(options) {
    options.challenge = bytes(options.challenge);
    options.allowCredentials = revive(options.allowCredentials);
    return navigator.credentials.get({ publicKey: options });
  }
  function create(options) {
    options.challenge = bytes(options.challenge);
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = revive(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  }

  document.querySelectorAll("[data-step-up]").forEach(function (box) {
    var form = box.closest("form"), failed = box.querySelector("[data-failed]"), busy = false;
    var pressed = null;
    if (box.dataset.bound) { return; } // the script stands on the page once per form
    box.dataset.bound = "yes";
    form.addEventListener("submit", function (event) {
      if (form.elements.step_up_answer.value) { return; }
      event.preventDefault();
      event.stopPropagation();
      if (busy) { return; }
      busy = true;
      pressed = event.submitter;
      failed.hidden = true;
      var fields = { idempotency_key: crypto.randomUUID(), purpose: box.dataset.purpose || "", digest: box.dataset.digest || "" };
      var send = box.dataset.send;
      if (send) { fields[send] = form.elements[send].value; }
      begin(box.dataset.begin, fields).then(function (c) {
        return (box.dataset.act === "create" ? create(c.options) : get(c.options)).then(function (credential) {
          form.elements.step_up_id.value = c.id;
          form.elements.step_up_answer.value = plain(credential);
          form.requestSubmit(pressed);
        });
      }).catch(function () {
        failed.hidden = false;
        failed.focus();
      }).then(function () { busy = false; });
    });
    // A page that comes back from the browser's memory asks anew.
    window.addEventListener("pageshow", function () {
      form.elements.step_up_id.value = "";
      form.elements.step_up_answer.value = "";
    });
  });
})();
