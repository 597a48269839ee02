import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";

const WHOLE = "https://user:pass@example.com:80/path?query=val#fragment";

describe("URLs", () => {
  it.each([
    [`url('${WHOLE}').getScheme()`, "https"],
    [`url('${WHOLE}').getHost()`, "example.com:80"],
    [`url('${WHOLE}').getHostname()`, "example.com"],
    [`url('${WHOLE}').getPort()`, "80"],
    [`url('${WHOLE}').getEscapedPath()`, "/path"],
    [`url('${WHOLE}').getQuery() == {'query': ['val']}`, true],
    ["url('/path').getScheme() + url('/path').getHost() + url('/path').getPort()", ""],
    ["url('HTTP://a').getScheme() + url('http://a').getEscapedPath()", "http"],
    ["url('https://[::1]/').getHost() + ' ' + url('https://[::1]/').getHostname()", "[::1] ::1"],
    ["url('https://[fe80::1%25eth0]:1/').getHostname()", "fe80::1%eth0"],
    [
      "url('https://127.0.0.1:/').getHostname() + url('https://127.0.0.1:/').getPort()",
      "127.0.0.1",
    ],
    ["url('https://%C3%BC.example').getHost()", "ü.example"],
    ["url('mailto:a@example.com?b=c').getEscapedPath()", ""],
    ["url('https://example.com/path with spaces/').getEscapedPath()", "/path%20with%20spaces/"],
    ["url('/a%2Fb!(c)').getEscapedPath()", "/a%2Fb!(c)"],
    ["url('/a%2fb ü!').getEscapedPath()", "/a/b%20%C3%BC%21"],
    ["url('/a#b').getEscapedPath()", "/a"],
    ["url('/p?k1=a&k2=b&k2=c').getQuery() == {'k1': ['a'], 'k2': ['b', 'c']}", true],
    [
      "url('/p?a b=c%3Dd=e&%C3%BC=&f').getQuery() == {'a b': ['c=d=e'], 'ü': [''], 'f': ['']}",
      true,
    ],
    [
      "url('/p?').getQuery() == {} && url('/p').getQuery() == {} && url('/p?a;b=c&%zz=d&&=e').getQuery() == {'': ['e']}",
      true,
    ],
    ["url('/p?a=%EF%BB%BFb').getQuery() == {'a': ['\\ufeffb']}", true],
    ["url('HTTP://a') == url('http://a')", true],
    [
      "url('//a:80/b').getHost() + url('//a/b').getEscapedPath() + url('//a').getScheme()",
      "a:80/b",
    ],
    ["url('///a').getEscapedPath() + url('*').getEscapedPath()", "///a*"],
    ["url('/a') == url('/a') && url('/a') != url('/b')", true],
    [`isURL('${WHOLE}') && isURL('/absolute-path') && isURL(object.metadata.name + ':a')`, true],
    ["isURL('https://a:b:c/') || isURL('../relative-path') || isURL(object.metadata.name)", false],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    [
      "url('https://a:b:c/')",
      "`https://a:b:c/` is not a URI: `a:b:c` is no host (line 1, column 1)",
    ],
    [
      "url(object.metadata.name)",
      "`web` is not a URI: it begins with neither a scheme nor `/` (line 1, column 1)",
    ],
    ["url('/?a#%zz')", "`/?a#%zz` is not a URL: its fragment has a bad escape (line 1, column 1)"],
  ])("%s is an error", (expression, message) => {
    expect(evaluate(expression)).toBe(`error: ${message}`);
  });
});
