"""Eight float64 at once for compiled kernels: what the compiler does not find by itself in loops that carry much state.

Every operation is that of IEEE 754 on each lane by itself, so a kernel over lanes has the bits of the plain loop; the
compiler splits the eight where the processor's registers are shorter. Addresses are not checked: a kernel keeps `at`
and the seven places behind it inside its array.
"""

# numba's extension interface is untyped.
# pyright: basic, reportMissingTypeArgument=false, reportCallIssue=false

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model

LANES = 8


class _Lanes(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Lanes")


class _Truths(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Truths")


_LANES, _TRUTHS = _Lanes(), _Truths()
_REAL = ir.VectorType(ir.DoubleType(), LANES)
_TRUTH = ir.VectorType(ir.IntType(1), LANES)


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _REAL)


@register_model(_Truths)
class _TruthsModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _TRUTH)


def _spread(builder: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(_REAL, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(_REAL, ir.Undefined), zeros)


def _named(builder: Any, name: str, *values: Any) -> Any:
    """A function of LLVM on whole vectors."""
    kind = ir.FunctionType(_REAL, [_REAL] * len(values))
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64"), values)


def _made(gives: Any, takes: tuple[Any, ...], build: Callable[..., Any]) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return build(builder, *arguments)

    return gives(*takes), generate


@intrinsic
def load(typing: Any, array: Any, at: Any) -> Any:
    """The eight values of a flat array from place `at` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(array)(context, builder, arguments[0]).data
        found = builder.load(builder.bitcast(builder.gep(data, [arguments[1]]), _REAL.as_pointer()))
        found.align = 8
        return found

    return _LANES(array, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, at: Any, lanes: Any) -> Any:
    """Put eight values into a flat array from place `at` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(array)(context, builder, arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), _REAL.as_pointer())
        builder.store(arguments[2], pointer).align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, _LANES), generate


@intrinsic
def store_whole(typing: Any, array: Any, at: Any, lanes: Any) -> Any:
    """Put eight values, cut to whole numbers, into a flat int32 array; each must lie in its range."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(array)(context, builder, arguments[0]).data
        kind = ir.VectorType(ir.IntType(32), LANES)
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), kind.as_pointer())
        builder.store(builder.fptosi(arguments[2], kind), pointer).align = 4
        return context.get_dummy_value()

    return types.void(array, types.intp, _LANES), generate


def _from(builder: Any, address: Any) -> Any:
    found = builder.load(builder.inttoptr(address, _REAL.as_pointer()))
    found.align = 8
    return found


@intrinsic
def load_from(typing: Any, address: Any) -> Any:
    """The eight values at an address in bytes, for kernels whose inputs are as many as a formula says."""
    return _made(_LANES, (types.int64,), _from)


@intrinsic
def store_to(typing: Any, address: Any, lanes: Any) -> Any:
    """Put eight values at an address in bytes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[1], builder.inttoptr(arguments[0], _REAL.as_pointer())).align = 8
        return context.get_dummy_value()

    return types.void(types.int64, _LANES), generate


@intrinsic
def value_at(typing: Any, address: Any) -> Any:
    """The one value at an address in bytes."""
    kind = ir.DoubleType().as_pointer()
    return _made(types.float64, (types.int64,), lambda builder, at: builder.load(builder.inttoptr(at, kind)))


@intrinsic
def put_at(typing: Any, address: Any, value: Any) -> Any:
    """Put one value at an address in bytes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[1], builder.inttoptr(arguments[0], ir.DoubleType().as_pointer()))
        return context.get_dummy_value()

    return types.void(types.int64, types.float64), generate


@intrinsic
def spread(typing: Any, value: Any) -> Any:
    """One value in all lanes."""
    return _made(_LANES, (types.float64,), _spread)


@intrinsic
def choose(typing: Any, condition: Any, yes: Any, no: Any) -> Any:
    return _made(_LANES, (_TRUTHS, _LANES, _LANES), lambda builder, *given: builder.select(*given))


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c rounded once."""
    return _made(_LANES, (_LANES,) * 3, lambda builder, *given: _named(builder, "fma", *given))


@intrinsic
def root(typing: Any, value: Any) -> Any:
    return _made(_LANES, (_LANES,), lambda builder, value: _named(builder, "sqrt", value))


@intrinsic
def floor(typing: Any, value: Any) -> Any:
    return _made(_LANES, (_LANES,), lambda builder, value: _named(builder, "floor", value))


@intrinsic
def size(typing: Any, value: Any) -> Any:
    """Without its sign."""
    return _made(_LANES, (_LANES,), lambda builder, value: _named(builder, "fabs", value))


@intrinsic
def least(typing: Any, value: Any) -> Any:
    """The smallest of the eight; none may be NaN."""

    def build(builder: Any, value: Any) -> Any:
        found = builder.extract_element(value, ir.Constant(ir.IntType(32), 0))
        for lane in range(1, LANES):
            one = builder.extract_element(value, ir.Constant(ir.IntType(32), lane))
            found = builder.select(builder.fcmp_ordered("<", one, found), one, found)
        return found

    return _made(types.float64, (_LANES,), build)


@intrinsic
def finite(typing: Any, value: Any) -> Any:
    def build(builder: Any, value: Any) -> Any:
        endless = ir.Constant(_REAL, [float("inf")] * LANES)
        return builder.fcmp_ordered("<", _named(builder, "fabs", value), endless)

    return _made(_TRUTHS, (_LANES,), build)


@intrinsic
def differs(typing: Any, left: Any, right: Any) -> Any:
    """Where both are numbers and not the same."""
    return _made(_TRUTHS, (_LANES, _LANES), lambda builder, left, right: builder.fcmp_ordered("!=", left, right))


@intrinsic
def some(typing: Any, truths: Any) -> Any:
    """Whether a condition holds in any lane."""

    def build(builder: Any, truths: Any) -> Any:
        kind = ir.IntType(LANES)
        return builder.icmp_unsigned("!=", builder.bitcast(truths, kind), ir.Constant(kind, 0))

    return _made(types.boolean, (_TRUTHS,), build)


def _operator(function: Any, gives: Any, takes: tuple[Any, ...], build: Callable[..., Any]) -> None:
    """Let kernels write this operator between lanes."""

    def matched(*given: Any) -> bool:
        return given == takes

    if len(takes) == 2:

        @intrinsic
        def two(typing: Any, left: Any, right: Any) -> Any:
            return _made(gives, takes, build)

        @overload(function, inline="never")
        def of_two(left, right):
            return (lambda left, right: two(left, right)) if matched(left, right) else None
    else:

        @intrinsic
        def one(typing: Any, value: Any) -> Any:
            return _made(gives, takes, build)

        @overload(function, inline="never")
        def of_one(value):
            return (lambda value: one(value)) if matched(value) else None


for _function, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _operator(_function, _LANES, (_LANES, _LANES), lambda b, x, y, name=_name: getattr(b, name)(x, y))
for _function, _mark in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    _operator(_function, _TRUTHS, (_LANES, _LANES), lambda b, x, y, mark=_mark: b.fcmp_ordered(mark, x, y))
_operator(operator.and_, _TRUTHS, (_TRUTHS, _TRUTHS), lambda b, x, y: b.and_(x, y))
_operator(operator.or_, _TRUTHS, (_TRUTHS, _TRUTHS), lambda b, x, y: b.or_(x, y))
_operator(operator.invert, _TRUTHS, (_TRUTHS,), lambda b, x: b.not_(x))
_operator(operator.neg, _LANES, (_LANES,), lambda b, x: b.fneg(x))
