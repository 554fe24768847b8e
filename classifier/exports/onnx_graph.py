"""Makes the graph that tf2onnx writes one that all runtimes read, with the same bytes each time.

tf2onnx merges equal constants and numbers names in an order that addresses in memory decide.
"""

import re

COUNTER = re.compile(r"__\d+")  # what tf2onnx appends to names


def replace_erfc(graph) -> None:
    """Write erfc(x), of which ONNX has no operator, as 1 - erf(x)."""
    import onnx

    nodes = []
    for node in graph.node:
        nodes.append(node)
        if node.op_type != "Erfc":
            continue
        output = node.output[0]
        one, erf = f"{output}/one", f"{output}/erf"
        node.op_type = "Erf"
        node.domain = ""
        node.output[0] = erf
        nodes.append(
            onnx.helper.make_node("Sub", [one, erf], [output], name=f"{output}/complement")
        )
        graph.initializer.append(onnx.helper.make_tensor(one, onnx.TensorProto.FLOAT, [], [1.0]))
    del graph.node[:]
    graph.node.extend(nodes)


def rename(graph) -> None:
    """Name nodes, values and constants by their first use; put constants in that order."""
    constants = {constant.name: constant for constant in graph.initializer}
    names = Names()
    for node in graph.node:
        node.name = names.of(f"node {node.name}").removeprefix("node ")
        for number, name in enumerate(node.input):
            wanted = f"{node.name}/input_{number}" if name in constants else name
            node.input[number] = names.of(name, wanted) if name else ""
        for number, name in enumerate(node.output):
            node.output[number] = names.of(name)
    for value in (*graph.input, *graph.output, *graph.value_info):
        value.name = names.of(value.name)
    ordered = [constants[name] for name in names.new if name in constants]
    for constant in ordered:
        constant.name = names.new[constant.name]
    copies = [type(constant).FromString(constant.SerializeToString()) for constant in ordered]
    del graph.initializer[:]
    graph.initializer.extend(copies)


class Names:
    """New names, by the former ones, in the order in which they were asked for."""

    def __init__(self):
        self.new = {}
        self._taken = set()

    def of(self, name: str, wanted: str | None = None) -> str:
        """Return the new name: what is wanted, without counters, and as no other one."""
        if name not in self.new:
            base = COUNTER.sub("", wanted or name)
            unique, count = base, 1
            while unique in self._taken:
                count += 1
                unique = f"{base}_{count}"
            self._taken.add(unique)
            self.new[name] = unique
        return self.new[name]
