"""Bodies: labels, and images of labels that nearly meet themselves."""

from __future__ import annotations

import numpy as np

from cellion.mesh.bodies import Bodies
from helpers.sphere_meshes import spheres

NEARLY_TOUCHING = [[0.2, 0.5, 0.5], [0.7, 0.5, 0.5]]


def test_labels_are_bodies_where_no_label_meets_itself() -> None:
    geometry = spheres(NEARLY_TOUCHING, 0.2)
    bodies = Bodies(geometry=geometry, reach=0.1)
    x = np.random.default_rng(17).random((200, 3))
    assert (bodies.at(x) == geometry.label(x)).all()
    assert (bodies.field(x, bodies.at(x)) == geometry.field(x, geometry.label(x))).all()


def test_images_of_a_ball_are_told_apart() -> None:
    bodies = Bodies(geometry=spheres([[0.5, 0.5, 0.5]], 0.499), reach=0.1)
    inside, image = bodies.at(np.array([[0.98, 0.5, 0.5], [1.02, 0.5, 0.5]]))
    assert inside != image
    assert bodies.labels(np.array([inside, image, -1], dtype=np.int32)).tolist() == [1, 1, -1]


def test_a_moved_vertex_finds_moved_bodies() -> None:
    bodies = Bodies(geometry=spheres([[0.5, 0.5, 0.5]], 0.499), reach=0.1)
    x = 0.2 + 0.5 * np.random.default_rng(23).random((100, 3))
    shift = np.random.default_rng(29).integers(-1, 2, (100, 3))
    here = bodies.at(x)
    assert (bodies.moved(here, shift) == bodies.at(x + shift)).all()
    assert (bodies.moved(bodies.moved(here, shift), -shift) == here).all()
    values = bodies.field(x + shift, bodies.moved(here, shift))
    assert np.allclose(values, bodies.field(x, here), atol=1e-13)


def test_a_ball_and_its_image_meet_inside_their_neck_only() -> None:
    bodies = Bodies(geometry=spheres([[0.5, 0.5, 0.5]], 0.51), reach=0.1)
    neck = np.sqrt(0.51**2 - 0.5**2)
    x = np.array([[1.0, 0.5, 0.5], [1.0, 0.5 + 0.9 * neck, 0.5], [1.0, 0.5 + 1.2 * neck, 0.5]])
    one, other = bodies.at(np.array([[0.9, 0.5, 0.5], [1.1, 0.5, 0.5]]))
    pair = [np.full(3, body, dtype=np.int32) for body in (one, other)]
    none = np.zeros(3)
    assert bodies.together(x, *pair, none, none > 0).tolist() == [True, True, False]


def test_tangent_balls_do_not_meet() -> None:
    touching = spheres([[0.3, 0.5, 0.5], [0.7, 0.5, 0.5]], 0.2 * (1 + 1e-10), periodic=False)
    x, labels = np.array([[0.5, 0.5, 0.5]]), np.array([1, 2], dtype=np.int32)
    none = np.zeros(1)
    bodies = Bodies(geometry=touching)
    assert not bodies.together(x, labels[:1], labels[1:], none, none > 0).any()
    assert len(touching.contacts(0.0)) == 0
