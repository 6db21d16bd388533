/* Puts the words of Streamlit's own front end, which is English alone, into the language of the document. */
(() => {
  const french = WORDS
  const english = Object.fromEntries(Object.entries(french).map(([before, after]) => [after, before]))
  const written = "[data-testid=stSkipToContent], [data-testid=stFileUploaderDropzone] button p, [role=option], [role=dialog] h2, [data-testid=stConnectionStatus]"

  const said = (text) => {
    const words = document.documentElement.lang === "fr" ? french : english
    if (Object.hasOwn(words, text)) return words[text]
    const start = Object.keys(words).find((each) => /\s$/.test(each) && text.startsWith(each))
    return start ? words[start] + text.slice(start.length) : text
  }
  const translate = () => {
    waiting = false
    for (const each of document.querySelectorAll("[aria-label]")) {
      const label = each.getAttribute("aria-label")
      if (said(label) !== label) each.setAttribute("aria-label", said(label))
    }
    for (const each of document.querySelectorAll(written)) {
      const text = each.firstChild
      if (text?.nodeType === Node.TEXT_NODE && said(text.nodeValue) !== text.nodeValue) text.nodeValue = said(text.nodeValue)
    }
  }
  let waiting = false
  new MutationObserver(() => {
    if (!waiting) requestAnimationFrame(translate)
    waiting = true
  }).observe(document.documentElement, { subtree: true, childList: true, attributeFilter: ["aria-label", "lang"] })
})()
