// What markdown asks of a package of the same name. The browser knows what every HTML entity is called, so the app
// carries no list of them, which would be a tenth of it.

const ONE = /&(?:#x[\da-f]{1,6}|#\d{1,7}|[a-z][a-z\d]{1,31});/gi;

export function decodeHTMLStrict(text: string): string {
  return text.replace(ONE, (entity) => {
    const area = document.createElement("textarea"); // its content is never more than text
    area.innerHTML = entity;
    return area.value;
  });
}
