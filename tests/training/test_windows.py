import numpy as np
import pytest
import torch
from timm.models.vgg import ConvMlp
from torch import nn

from headstart.training.network import TrainableTop, build_blank_head
from headstart.training.windows import WHOLE, Windows, accepts_smaller_maps, make_windows
from tests.training import tiny


@pytest.mark.parametrize(
    ("shape", "smallest", "edges"),
    [
        ((28, 28, 40), 0.5, (28, 26, 24, 22, 20, 18, 16, 14)),
        ((14, 14, 112), 0.5, (14, 13, 12, 11, 10, 9, 8, 7)),
        ((7, 7, 320), 0.5, (7, 6, 5, 4)),
        ((224, 224, 3), 0.75, (224, 208, 192, 176)),
        ((28, 28, 40), 1.0, (28,)),
    ],
)
def test_the_edges_go_from_the_whole_to_the_smallest(
    shape: tuple[int, ...], smallest: float, edges: tuple[int, ...]
) -> None:
    assert make_windows(shape, smallest).edges == edges
    assert make_windows(shape, smallest).whole == (len(edges) == 1)


@pytest.mark.parametrize("shape", [(197, 192), (28, 14, 40), (1280,)])
def test_what_is_no_square_map_is_seen_whole(shape: tuple[int, ...]) -> None:
    values = torch.rand(2, *shape)
    assert make_windows(shape, 0.5) is WHOLE
    assert make_windows(shape, 0.5).cut(values, np.random.default_rng(0)) is values


def test_a_window_is_a_part_of_the_map_and_every_place_is_seen() -> None:
    places = torch.arange(64).view(1, 8, 8, 1).repeat(2, 1, 1, 1)
    windows, chance = make_windows((8, 8, 1), 0.5), np.random.default_rng(0)
    seen, edges = set(), set()
    for _ in range(200):
        part = windows.cut(places, chance)
        edge = part.shape[1]
        edges.add(edge)
        assert part.shape == (2, edge, edge, 1)
        first = int(part[0, 0, 0, 0])
        expected = places[:, first // 8 : first // 8 + edge, first % 8 : first % 8 + edge]
        assert torch.equal(part, expected)
        seen |= set(part.flatten().tolist())
    assert edges == {4, 5, 6, 7, 8}
    assert seen == set(range(64))


def test_the_usual_edge_has_the_mean_area() -> None:
    assert Windows((28, 26, 24, 22, 20, 18, 16, 14)).usual == 22  # 462 of 784 on average; 484 is nearest
    assert WHOLE.usual == 0


def test_a_network_of_convolutions_bears_a_smaller_map_and_one_that_counts_positions_does_not() -> None:
    made = TrainableTop(
        tiny.traced(), "stage2", build_blank_head(tiny.WIDTH, 3), fold=True, precision="f32", device="cpu"
    ).eval()
    assert accepts_smaller_maps(made, torch.rand(2, 4, 4, 16))
    counted = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(8 * 8 * 16, 3))
    assert accepts_smaller_maps(counted, torch.rand(2, 8, 8, 16))
    assert not accepts_smaller_maps(counted, torch.rand(2, 4, 4, 16))
    assert not accepts_smaller_maps(made, torch.full((2, 4, 4, 16), float("nan")))


def test_a_fully_connected_layer_is_known_also_when_it_is_a_convolution() -> None:
    """VGG's: timm stretches a small map to 7 x 7 for it."""
    stretching = ConvMlp(8, 16, 7).eval()
    maps = torch.rand(1, 8, 4, 4)
    assert stretching(maps).isfinite().all()
    assert not accepts_smaller_maps(stretching, maps)
    assert accepts_smaller_maps(nn.Conv2d(8, 8, 7, padding=3), maps)
    assert accepts_smaller_maps(nn.Conv2d(8, 8, 3), maps)
