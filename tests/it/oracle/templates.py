"""Chat templates that try to reach Python's own objects, and plain ones: a JSON object on each line, with the template, whether it is plain,
and whether Jinja's sandbox refuses what it does. Nothing is rendered without the sandbox."""

import json
import random
import signal
import sys

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

COUNT, SEED = int(sys.argv[1]), int(sys.argv[2])
random.seed(SEED)


class Watched(ImmutableSandboxedEnvironment):
    """A sandbox that remembers what it refused."""

    refused = False

    def is_safe_attribute(self, obj, attr, value):
        safe = super().is_safe_attribute(obj, attr, value)
        # What the sandbox refuses to change only matters to the template.
        if not safe and not isinstance(obj, (list, dict, set)) or attr.startswith("_"):
            Watched.refused = True
        return safe

    def is_safe_callable(self, obj):
        safe = super().is_safe_callable(obj)
        Watched.refused |= not safe
        return safe


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("show"), [], [], body).set_lineno(line)

    def show(self, caller):
        return caller()


def late(*_):
    raise TimeoutError


signal.signal(signal.SIGALRM, late)
env = Watched(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"])
env.globals["raise_exception"] = lambda message: message
env.globals["strftime_now"] = lambda form: form
DATA = {
    "messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "<think>a</think>b", "tool_calls": []}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"type": "string"}}}}}],
    "bos_token": "<s>",
    "add_generation_prompt": True,
    "x": {"role": "x"},
}


def refused(template):
    Watched.refused = False
    signal.setitimer(signal.ITIMER_REAL, 3)
    try:
        env.from_string(template).render(**DATA)
    except SecurityError:
        Watched.refused = True
    except BaseException:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return Watched.refused


def tell(template, plain):
    print(json.dumps({"template": template, "plain": plain, "refused": refused(template)}))


OBJECTS = ["x", "messages", "messages[0]", "messages[0].content", "''", "[]", "{}", "()", "1", "range(2)", "cycler", "joiner", "namespace", "lipsum",
           "namespace(a=1)", "dict", "raise_exception", "loop_of", "bos_token", "messages[0].items", "'a'.join", "true", "none"]
NAMES = ["__class__", "__init__", "__globals__", "__dict__", "__doc__", "__subclasses__", "mro", "__mro__", "__base__", "__getattribute__", "__reduce__",
         "_environment", "_iterable", "__call__", "__func__", "__self__", "__code__", "__module__"]


def spelled(name):
    """An expression whose value is the name."""
    middle = random.randrange(1, len(name))
    a, b = name[:middle], name[middle:]
    return random.choice([
        lambda: repr(name),
        lambda: f"{a!r} ~ {b!r}",
        lambda: f"{a!r} + {b!r}",
        lambda: f"{a!r} {b!r}",
        lambda: f"[{a!r}, {b!r}] | join",
        lambda: f"''.join([{a!r}, {b!r}])",
        lambda: f"'%s%s' % ({a!r}, {b!r})",
        lambda: f"'%s{b}' | format({a!r})",
        lambda: f"{name[::-1]!r}[::-1]",
        lambda: f"{name[::-1]!r} | reverse",
        lambda: f"{name.upper()!r} | lower",
        lambda: f"{name.upper()!r}.lower()",
        lambda: f"{' ' + name + ' '!r} | trim",
        lambda: f"{'zz' + name!r}[2:]",
        lambda: f"{name.replace('_', '.')!r}.replace('.', '_')",
        lambda: f"{name.replace('_', '-')!r} | replace('-', '_')",
        lambda: "'" + "".join(f"\\x{ord(c):02x}" for c in name) + "'",
        lambda: "'" + "".join(f"\\u{ord(c):04x}" for c in name) + "'",
        lambda: "'" + "".join(f"\\{ord(c):03o}" for c in name) + "'",
        lambda: f"({name!r}, 1) | first",
        lambda: f"[1, {name!r}][1]",
        lambda: f"{{'k': {name!r}}}['k']",
        lambda: f"{{'k': {name!r}}}.k",
        lambda: f"missing | default({name!r})",
        lambda: f"{name!r} if true else 'role'",
        lambda: f"none or {name!r}",
        lambda: f"'{name} role'.split()[0]",
        lambda: f"({name!r} | list) | join",
        lambda: f"dict({name}=1) | list | first",
        lambda: f"{name!r} | string",
        lambda: f"({name!r},)[0]",
    ])()


def looked_up(obj, name):
    """A template that looks up a name in an object."""
    key = spelled(name)
    return random.choice([
        lambda: f"{{{{ {obj}.{name} }}}}",
        lambda: f"{{{{ ({obj})[{key}] }}}}",
        lambda: f"{{{{ ({obj}) | attr({key}) }}}}",
        lambda: f"{{% set k = {key} %}}{{{{ ({obj})[k] }}}}",
        lambda: f"{{% set k = {key} %}}{{% set j = k %}}{{{{ ({obj})[j] }}}}",
        lambda: f"{{% set k %}}{name}{{% endset %}}{{{{ ({obj})[k] }}}}",
        lambda: f"{{% set ns = namespace(k={key}) %}}{{{{ ({obj})[ns.k] }}}}",
        lambda: f"{{% set ns = namespace() %}}{{% set ns.k = {key} %}}{{{{ ({obj})[ns.k] }}}}",
        lambda: f"{{% for k in [{key}] %}}{{{{ ({obj})[k] }}}}{{% endfor %}}",
        lambda: f"{{% for k in ['role', {key}] %}}{{{{ ({obj})[k] }}}}{{% endfor %}}",
        lambda: f"{{% for k, v in {{{key}: 1}}.items() %}}{{{{ ({obj})[k] }}}}{{% endfor %}}",
        lambda: f"{{% for k, v in [[{key}, 1]] %}}{{{{ ({obj})[k] }}}}{{% endfor %}}",
        lambda: f"{{% macro m(o, k) %}}{{{{ o[k] }}}}{{% endmacro %}}{{{{ m({obj}, {key}) }}}}",
        lambda: f"{{% macro m(o, k={key}) %}}{{{{ o[k] }}}}{{% endmacro %}}{{{{ m({obj}) }}}}",
        lambda: f"{{% macro m(o, k) %}}{{{{ o[k] }}}}{{% endmacro %}}{{% set f = m %}}{{{{ f({obj}, {key}) }}}}",
        lambda: f"{{% macro m(o) %}}{{{{ o[varargs[0]] }}}}{{% endmacro %}}{{{{ m({obj}, {key}) }}}}",
        lambda: f"{{% macro m(o) %}}{{{{ o[kwargs.k] }}}}{{% endmacro %}}{{{{ m({obj}, k={key}) }}}}",
        lambda: f"{{% macro m(o) %}}{{{{ caller(o) }}}}{{% endmacro %}}{{% call(o) m({obj}) %}}{{{{ o[{key}] }}}}{{% endcall %}}",
        lambda: f"{{% set ns = namespace([('k', {key})]) %}}{{{{ ({obj})[ns.k] }}}}",
        lambda: f"{{% set d = dict([('k', {key})]) %}}{{{{ ({obj})[d.k] }}}}",
        lambda: f"{{% set d = {{'a' ~ 'b': {key}}} %}}{{{{ ({obj})[d.ab] }}}}",
        lambda: f"{{% set c = cycler({key}) %}}{{{{ ({obj})[c.current] }}}}",
        lambda: f"{{% macro {name}() %}}{{% endmacro %}}{{{{ ({obj})[{name}.name] }}}}",
        lambda: f"{{% for k in ['role', {key}] %}}{{{{ ({obj})[loop.nextitem] }}}}{{% endfor %}}",
        lambda: f"{{% with k = {key} %}}{{{{ ({obj})[k] }}}}{{% endwith %}}",
        lambda: f"{{{{ [{obj}] | map(attribute={key}) | list }}}}",
        lambda: f"{{{{ [{obj}] | map('attr', {key}) | list }}}}",
        lambda: f"{{{{ [{obj}] | selectattr({key}) | list }}}}",
        lambda: f"{{{{ [{obj}] | groupby({key}) }}}}",
        lambda: f"{{{{ [{obj}] | sort(attribute={key}) }}}}",
        lambda: f"{{{{ [{obj}] | sum({key}) }}}}",
        lambda: f"{{{{ [{obj}] | map(attribute='role.' ~ {key}) | list }}}}",
        lambda: f"{{{{ '{{0.{name}}}'.format({obj}) }}}}",
        lambda: f"{{% set f = '{{a.{name}}}' %}}{{{{ f.format(a={obj}) }}}}",
        lambda: f"{{{{ ('{{0.' ~ {key} ~ '}}').format({obj}) }}}}",
        lambda: f"{{{{ '{{a.{name}}}'.format_map({{'a': {obj}}}) }}}}",
        lambda: f"{{% if true %}}{{% generation %}}{{{{ ({obj})[{key}] }}}}{{% endgeneration %}}{{% endif %}}",
        lambda: f"{{# comment #}}{{%- if ({obj})[{key}] is defined -%}}a{{%- endif -%}}",
        lambda: f"{{% for m in messages %}}{{% if loop.first %}}{{{{ ({obj}).{name} | string | length }}}}{{% endif %}}{{% endfor %}}",
        lambda: f"{{% set l = [] %}}{{% for i in l + [{key}] %}}{{{{ ({obj})[i] }}}}{{% endfor %}}",
    ])()


for _ in range(COUNT):
    tell(looked_up(random.choice(OBJECTS), random.choice(NAMES)), False)

KEYS = ["'role'", "'content'", "key", "loop.index0 - 1", "-1", "ns.i", "i + 1", "messages | length - 1"]
BODIES = ["{{ m.content | trim }}", "{{ m['role'] ~ '\\n' }}", "{{ raise_exception('no') }}", "{{ m.get('content', '') }}", "{{ m.content.strip() }}", "{{ m | tojson }}",
          "{% if m.tool_calls is defined and m.tool_calls %}{% for c in m.tool_calls %}{{ c.function.name }}{% endfor %}{% endif %}", "{{ '  ' * loop.index }}",
          "{% if not loop.last %},{% endif %}", "{{ m.content.split('</think>')[-1] }}", "{% set ns.i = ns.i + 1 %}", "{{ strftime_now('%Y') }}",
          "{{ m['content'] | replace('a', 'b') | upper }}"]
for _ in range(COUNT // 10):
    body = "".join(random.choice(BODIES) for _ in range(random.randrange(1, 5)))
    key = random.choice(KEYS)
    template = "{% set ns = namespace(i=0) %}{% for i in range(2) %}{% for key in ['role', 'content'] %}"
    template += "{% for m in messages %}" + body + "{{ messages[" + key + "] }}" + "{% endfor %}{% endfor %}{% endfor %}"
    tell(template, True)
