"""What operators do with input that is wrong, empty, enormous, or not a number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from ops import devices, libraries
from ops.bilinear_gather import operator as gather_operator
from ops.depthwise_large import depthwise_conv2d
from ops.selective_scan import cross_merge, cross_scan
from ops.selective_scan import operator as scan_operator
from tests.helpers.operators import FULL, Case, tuple_of

every_case = pytest.mark.parametrize("case", FULL, ids=str)
every_tensor = pytest.mark.parametrize(
    ("case", "name"), [(case, name) for case in FULL for name in case.free], ids=str
)
ALONE: dict[str, dict[str, tuple[int, ...]]] = {
    "bilinear_gather: everything": {"x": (1, 2, 3)},
    "bilinear_gather: snake": {"x": (1,)},
    "ms_deform_attn: everything": {"value": (3,)},
}
"""Dimensions that no other tensor shares."""
OF_ONE_TYPE = ("deform_conv2d: everything", {"x", "weight"})
"""Tensors that are multiplied as they are."""


@pytest.fixture(params=[pytest.param("native", marks=pytest.mark.tool("g++")), "reference"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """Have a test run on the processor library and in plain torch."""
    if request.param == "native":
        request.getfixturevalue("native")
        yield request.param
    else:
        with libraries.substitute(None):
            yield request.param


pytestmark = pytest.mark.usefixtures("way")


def given(case: Case, batch: int = 2, length: int = 5) -> dict[str, Tensor]:
    return dict(zip(case.free, case.tensors(batch, length), strict=True))


def call(case: Case, tensors: dict[str, Tensor]) -> tuple[Tensor, ...]:
    return tuple_of(case.call(*tensors.values()))


@every_tensor
def test_a_tensor_on_another_device_is_refused(case: Case, name: str) -> None:
    tensors = given(case)
    tensors[name] = tensors[name].to("meta")
    with pytest.raises(ValueError, match=rf"several devices: .*\b{name} on meta"):
        call(case, tensors)


@every_tensor
@pytest.mark.parametrize("kind", [torch.int64, torch.complex64, torch.bool])
def test_what_is_no_real_number_is_refused(case: Case, name: str, kind: torch.dtype) -> None:
    tensors = given(case)
    tensors[name] = tensors[name].to(kind)
    with pytest.raises(TypeError, match=rf"real numbers .*\b{name} {kind}"):
        call(case, tensors)


@every_tensor
def test_another_precision_of_one_gives_nearly_the_same(case: Case, name: str) -> None:
    tensors = given(case)
    tensors[name] = tensors[name].double()
    if str(case) == OF_ONE_TYPE[0] and name in OF_ONE_TYPE[1]:
        with pytest.raises(RuntimeError, match=r"[Ff]loat.*[Dd]ouble|[Dd]ouble.*[Ff]loat"):
            call(case, tensors)
        return
    for one, two in zip(call(case, tensors), call(case, given(case)), strict=True):
        assert torch.allclose(one.double(), two.double(), atol=1e-4)


@every_tensor
def test_another_rank_is_refused_with_the_shapes(case: Case, name: str) -> None:
    tensors = given(case)
    for changed in (tensors[name][None], tensors[name][0]):
        # The scan calls A, B and C by the shapes that short forms of them stand for.
        with pytest.raises(ValueError, match=rf"\b{name} \[.*do not belong together"):
            call(case, tensors | {name: changed})


@every_tensor
def test_a_size_that_does_not_fit_is_refused_with_what_it_is(case: Case, name: str) -> None:
    for axis in range(given(case)[name].ndim):
        if axis in ALONE.get(str(case), {}).get(name, ()):
            continue
        tensors = given(case)
        tensors[name] = torch.cat((tensors[name], tensors[name].narrow(axis, 0, 1)), axis)
        with pytest.raises(ValueError, match=rf"\b{tensors[name].shape[axis]}\b"):
            call(case, tensors)


@every_tensor
def test_strides_do_not_matter(case: Case, name: str) -> None:
    tensors = given(case)
    tensors[name] = tensors[name].transpose(0, -1).contiguous().transpose(0, -1)
    for one, two in zip(call(case, tensors), call(case, given(case)), strict=True):
        assert torch.allclose(one, two, atol=1e-5)


@every_case
def test_a_length_of_one_gives_what_plain_torch_does(case: Case) -> None:
    found = call(case, given(case, 1, 1))
    with libraries.substitute(None):
        expected = call(case, given(case, 1, 1))
    for one, two in zip(found, expected, strict=True):
        assert one.shape[0] == 1
        assert torch.allclose(one, two, atol=1e-5)


@every_case
def test_no_pictures_give_nothing_and_no_gradients(case: Case) -> None:
    tensors = {name: each.requires_grad_() for name, each in given(case, 0).items()}
    found = call(case, tensors)
    assert [each.numel() for each in found] == [0] * len(found)
    expected = call(case, given(case, 1))
    assert [each.shape[1:] for each in found] == [each.shape[1:] for each in expected]
    torch.autograd.backward([each.sum() for each in found])
    for name, each in tensors.items():
        assert each.grad is not None, name
        assert not each.grad.any()


@every_case
def test_nothing_along_the_length_is_refused_or_gives_nothing(case: Case) -> None:
    if case.operator == "ms_deform_attn":
        (found,) = call(case, given(case, 2, 0))
        assert found.shape == (2, 0, 12)
        return
    with pytest.raises(ValueError, match=r"\b0\b"):
        call(case, given(case, 2, 0))


@every_tensor
def test_what_is_no_number_stays_in_its_picture(case: Case, name: str) -> None:
    if case.free[name].get(0) != "batch":
        assert name in {"A", "D", "delta_bias", "weight", "bias"}
        return
    tensors = given(case)
    tensors[name][0] = float("nan")
    found = call(case, tensors)
    assert any(each[0].isnan().any() for each in found)
    for one, two in zip(found, call(case, given(case)), strict=True):
        assert torch.allclose(one[1:], two[1:], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "place", "spoiled"),
    [
        ("u", (0, 1, 2), (0, 1, slice(2, None))),
        ("delta", (0, 1, 2), (0, 1, slice(2, None))),
        ("z", (0, 1, 2), (0, 1, 2)),
        ("B", (0, 1, 0, 2), (0, slice(2, None), slice(2, None))),
        ("C", (0, 1, 0, 2), (0, slice(2, None), 2)),
        ("A", (1, 0), (slice(None), 1)),
        ("D", (1,), (slice(None), 1)),
        ("delta_bias", (1,), (slice(None), 1)),
    ],
)
def test_a_scan_carries_what_is_no_number_where_it_must(
    name: str, place: tuple[int, ...], spoiled: tuple[int | slice, ...]
) -> None:
    tensors = given(FULL[0])
    expected, _ = call(FULL[0], tensors)
    tensors[name][place] = float("nan")
    found, _ = call(FULL[0], tensors)
    must = torch.zeros(found.shape, dtype=torch.bool)
    must[spoiled] = True
    assert torch.equal(found.isnan(), must)
    assert torch.allclose(found[~must], expected[~must], atol=1e-6)


@pytest.mark.parametrize("name", ["offset", "mask"])
def test_a_place_that_is_no_number_spoils_its_pixel_alone(name: str) -> None:
    case = next(each for each in FULL if each.operator == "deform_conv2d")
    tensors = given(case)
    (expected,) = call(case, tensors)
    tensors[name][0, :, 1, 3] = float("nan")
    (found,) = call(case, tensors)
    assert found[0, :, 1, 3].isnan().all()
    found[0, :, 1, 3] = expected[0, :, 1, 3]
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("far", [1e30, -1e30, 3e9, -3e9])
def test_places_far_outside_are_0(far: float) -> None:
    case = next(each for each in FULL if each.operator == "bilinear_gather")
    tensors = given(case)
    (expected,) = call(case, tensors)
    tensors["rows"][1, 2, 3] = far
    (found,) = call(case, tensors)
    assert not found[1, :, 2, 3].any()
    found[1, :, 2, 3] = expected[1, :, 2, 3]
    assert torch.equal(found, expected)


def test_what_is_no_map_and_no_sequence_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[3, 4, 5\]"):
        cross_scan(torch.rand(3, 4, 5))
    for y in (torch.rand(2, 4, 3, 19), torch.rand(2, 3, 3, 20), torch.rand(4, 3, 20)):
        with pytest.raises(ValueError, match="4 x 5"):
            cross_merge(y, 4, 5)


def test_a_wide_convolution_is_refused_as_torch_does() -> None:
    x, weight = torch.rand(2, 4, 9, 9), torch.rand(5, 1, 15, 15)
    with pytest.raises(RuntimeError, match=r"\[5, 1, 15, 15\].*\[2, 4, 9, 9\]"):
        depthwise_conv2d(x, weight, padding=7)
    assert depthwise_conv2d(x[:0], weight[:4], padding=7).shape == (0, 4, 9, 9)
    with pytest.raises(RuntimeError, match="size"):
        depthwise_conv2d(x, weight[:4])
    x[0, 1, 2, 2] = float("nan")
    spoiled = depthwise_conv2d(x, weight[:4], padding=7).isnan()
    assert spoiled[0, 1].any()
    assert not spoiled[1].any()
    assert not spoiled[0, 0].any()


@pytest.mark.parametrize(
    ("size", "places"), [((1, 1, 2**15, 2**15), (1, 1, 1)), ((1, 1, 2, 2), (1, 2**15, 2**16))]
)
def test_a_gather_that_kernels_cannot_count_is_left_to_plain_torch(
    size: tuple[int, ...], places: tuple[int, ...]
) -> None:
    """The tensors have no memory: one number stands for all."""
    x, rows = torch.zeros(1).expand(size), torch.zeros(1).expand(places)
    assert not gather_operator.is_taken(x, rows)
    served = devices.is_served("bilinear_gather", x.device)
    assert gather_operator.is_taken(x[..., :9], rows[..., :9]) is served


def test_a_scan_that_kernels_cannot_count_is_left_to_plain_torch() -> None:
    """The tensor has no memory: one number stands for all."""
    long, rate = torch.zeros(1).expand(1, 1, 2**31), torch.zeros(1, 1)
    served = devices.is_served("selective_scan", rate.device)
    assert not scan_operator._is_taken([rate, long], rate)
    assert scan_operator._is_taken([rate, long[..., 1:]], rate) is served
