// All the JavaScript of the site: passkeys, which only a script can ask for. Everything else works without.

const supported = "credentials" in navigator && "PublicKeyCredential" in window && PublicKeyCredential.parseCreationOptionsFromJSON;
const failure = document.querySelector("[data-passkey-error]");

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body ?? {}),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

async function register() {
  const options = await post("/accounts/passkeys/register/options/");
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({ publicKey });
  const name = navigator.userAgentData?.platform ?? navigator.platform;
  return (await post("/accounts/passkeys/register/", { response: credential.toJSON(), name })).next;
}

async function login(button) {
  const options = await post("/accounts/passkeys/login/options/");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  await post("/accounts/passkeys/login/", { response: credential.toJSON() });
  return button.dataset.next;
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  if (!supported) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    failure.hidden = true;
    button.disabled = true;
    try {
      location.assign(await (button.dataset.passkey === "register" ? register() : login(button)));
    } catch (error) {
      console.warn(error);
      failure.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}
