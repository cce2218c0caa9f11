"""Datasets, samplers, loaders, transforms of images, metrics, and what else helps to train."""

import gzip

import numpy
import pytest

import xpgrad.mxnet as mx
from xpgrad.mxnet import autograd, gluon, metric, nd, np, npx
from xpgrad.mxnet.gluon import data
from xpgrad.mxnet.gluon.data import vision
from xpgrad.mxnet.gluon.data.vision import transforms


@pytest.fixture(autouse=True)
def numpy_style():
    npx.set_np()


def test_arrays_and_batches():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    dataset = data.ArrayDataset(x, y)
    assert (len(dataset), type(dataset[3][0])) == (10, np.ndarray)
    assert (dataset[3][0].asnumpy().tolist(), dataset[3][1]) == ([6, 7], 3)
    batches = list(data.DataLoader(dataset, 4))
    assert [b[0].shape for b in batches] == [(4, 2), (4, 2), (2, 2)]
    assert batches[2][1].asnumpy().tolist() == [8, 9]
    assert [len(data.DataLoader(dataset, 4, last_batch=last)) for last in ("keep", "discard")] == [3, 2]
    rollover = data.DataLoader(dataset, 4, last_batch="rollover")
    assert [sum(len(b[1]) for b in rollover) for _ in range(2)] == [8, 12]
    mx.random.seed(3)
    shuffled = [b[1].asnumpy() for b in data.DataLoader(dataset, 5, shuffle=True)]
    assert sorted(numpy.concatenate(shuffled)) == list(range(10))
    mx.random.seed(3)
    assert (shuffled[0] == next(iter(data.DataLoader(dataset, 5, shuffle=True)))[1].asnumpy()).all()
    with pytest.raises(ValueError, match="same length"):
        data.ArrayDataset(x, y[:3])
    with pytest.raises(ValueError, match="batch_size"):
        data.DataLoader(dataset)


def test_datasets_of_others():
    dataset = data.SimpleDataset(list(range(10)))
    assert list(dataset.transform(lambda x: x * 2).take(3)) == [0, 2, 4]
    assert list(dataset.filter(lambda x: x % 2)) == [1, 3, 5, 7, 9]
    assert [list(dataset.shard(3, i)) for i in range(3)] == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert list(dataset.sample(data.IntervalSampler(10, 4))) == [0, 4, 8, 1, 5, 9, 2, 6, 3, 7]
    assert list(data.FilterSampler(lambda x: x > 7, dataset)) == [8, 9]
    pairs = data.ArrayDataset(numpy.arange(4), numpy.arange(4)).transform_first(lambda x: x + 10, lazy=False)
    assert pairs[2] == (12, 2)

    class Own(data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, idx):
            return np.ones((2,)) * idx, idx

    images, labels = next(iter(data.DataLoader(Own(), 3)))
    assert (images.asnumpy().tolist(), labels.asnumpy().tolist()) == ([[0, 0], [1, 1], [2, 2]], [0, 1, 2])
    ragged = data.DataLoader([[1, 2], [3]], 2, batchify_fn=data.batchify.Pad(val=-1))
    assert next(iter(ragged)).asnumpy().tolist() == [[1, 2], [3, -1]]
    grouped = data.batchify.Group(data.batchify.Stack(), data.batchify.AsList())
    assert grouped([(1, "a"), (2, "b")])[1] == ["a", "b"]


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()) if path.suffix == ".gz" else header + array.tobytes())


def test_images_in_local_files(tmp_path):
    images = numpy.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype("uint8")
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", images)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", numpy.arange(5).astype("uint8"))
    found = vision.FashionMNIST(root=str(tmp_path), train=False)
    image, label = found[3]
    assert (len(found), image.shape, str(image.dtype), label, label.dtype) == (5, (28, 28, 1), "uint8", 3, "int32")
    assert (image.asnumpy()[..., 0] == images[3]).all()
    batch, labels = next(iter(data.DataLoader(found.transform_first(transforms.ToTensor()), 5)))
    assert (batch.shape, labels.asnumpy().tolist()) == ((5, 1, 28, 28), [0, 1, 2, 3, 4])
    numpy.testing.assert_allclose(batch.asnumpy()[:, 0], images / 255, rtol=1e-6)
    with pytest.raises(mx.MXNetError, match=r"train-images.*fetch it from.*Nothing is downloaded"):
        vision.MNIST(root=str(tmp_path))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"nonsense")
    with pytest.raises(mx.MXNetError, match="IDX"):
        vision.MNIST(root=str(tmp_path))
    row = numpy.concatenate([[7], numpy.arange(3072) % 256]).astype("uint8")
    (tmp_path / "test_batch.bin").write_bytes(row.tobytes() * 2)
    image, label = vision.CIFAR10(root=str(tmp_path), train=False)[1]
    assert (image.shape, label, image.asnumpy()[0, 1].tolist()) == ((32, 32, 3), 7, [1, 1, 1])


def test_transforms():
    image = np.array(numpy.arange(4 * 6 * 3).reshape(4, 6, 3), dtype="uint8")
    assert transforms.ToTensor()(image).shape == (3, 4, 6)
    normal = transforms.Normalize([0.5, 0.4, 0.3], [0.1, 0.2, 0.3])(transforms.ToTensor()(image))
    numpy.testing.assert_allclose(normal.asnumpy()[1], (image.asnumpy()[..., 1] / 255 - 0.4) / 0.2, rtol=1e-5)
    assert transforms.Resize((3, 2))(image).shape == (2, 3, 3)
    assert transforms.Resize(8, keep_ratio=True)(image).shape == (8, 12, 3)
    assert (transforms.Resize((6, 4))(image).asnumpy() == image.asnumpy()).all()
    doubled = transforms.Resize((12, 8))(image.astype("float32")).asnumpy()
    numpy.testing.assert_allclose(doubled[2, 2:6, 0], [18 * 0.75 + 3 * (0.75 + 0.5 * i) for i in range(4)])
    assert (transforms.CenterCrop(2)(image).asnumpy() == image.asnumpy()[1:3, 2:4]).all()
    assert transforms.CropResize(1, 0, 4, 2, size=5)(image).shape == (5, 5, 3)
    assert transforms.RandomCrop(4, pad=2)(image).shape == (4, 4, 3)
    assert transforms.RandomResizedCrop(5)(image).shape == (5, 5, 3)
    assert (transforms.RandomFlipLeftRight(1.0)(image).asnumpy() == image.asnumpy()[:, ::-1]).all()
    assert (transforms.RandomFlipTopBottom(1.0)(image).asnumpy() == image.asnumpy()[::-1]).all()
    assert (transforms.RandomFlipTopBottom(0.0)(image).asnumpy() == image.asnumpy()).all()
    jitter = transforms.RandomColorJitter(0.3, 0.3, 0.3, 0.3)
    changed = transforms.Compose([jitter, transforms.RandomLighting(0.1), transforms.Cast("float32")])(image)
    assert (changed.shape, str(changed.dtype)) == ((4, 6, 3), "float32")
    grey = np.ones((2, 2, 3)) * 100
    numpy.testing.assert_allclose(transforms.RandomSaturation(0.9)(grey).asnumpy(), 100, rtol=1e-3)
    numpy.testing.assert_allclose(transforms.RandomHue(0.5)(grey).asnumpy(), 100, atol=2)


def test_metrics():
    labels, scores = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4]])
    accuracy = metric.Accuracy()
    assert numpy.isnan(accuracy.get()[1])
    accuracy.update(labels, scores)
    accuracy.update([nd.array([1])], [nd.array([[0.2, 0.8]])])
    assert accuracy.get() == ("accuracy", 0.75)
    accuracy.reset()
    entropy, perplexity, top = metric.create(["ce", "perplexity", metric.TopKAccuracy(2)]).metrics
    for each in (entropy, perplexity, top):
        each.update(labels, scores)
    expected = -numpy.log([0.9, 0.7, 0.4]).mean()
    numpy.testing.assert_allclose([entropy.get()[1], perplexity.get()[1]], [expected, numpy.exp(expected)], rtol=1e-5)
    assert top.get() == ("top_k_accuracy_2", 1.0)
    x, y = np.array([[1.0], [2.0], [4.0]]), np.array([[2.0], [2.0], [1.0]])
    values = {}
    for name in ("mae", "mse", "rmse", "pearsonr", "loss"):
        each = metric.create(name)
        each.update(x, y)
        values[name] = each.get()[1]
    reference = {"mae": 4 / 3, "mse": 10 / 3, "rmse": (10 / 3) ** 0.5, "loss": 5 / 3}
    reference["pearsonr"] = numpy.corrcoef([1, 2, 4], [2, 2, 1])[0, 1]
    assert values == pytest.approx(reference, rel=1e-5)
    f1 = metric.F1()
    f1.update(labels, scores)
    assert f1.get()[1] == pytest.approx(2 / 3)
    own = metric.create(lambda label, pred: abs(label - pred).max())
    own.update(x, y)
    assert own.get()[1] == 3
    both = metric.CompositeEvalMetric([metric.Accuracy(), "mse"])
    assert [name for name, _ in both.get_name_value()] == ["accuracy", "mse"]
    with pytest.raises(ValueError, match="acc"):
        metric.create("acuracy")


def test_helpers(tmp_path):
    x = np.arange(10).reshape(5, 2)
    assert [len(part) for part in gluon.utils.split_data(x, 2, even_split=False)] == [3, 2]
    with pytest.raises(ValueError, match="even_split"):
        gluon.utils.split_data(x, 2)
    assert gluon.utils.split_and_load(x, [mx.cpu()])[0].shape == (5, 2)
    gradients = [np.array([3.0]), np.array([4.0])]
    assert gluon.utils.clip_global_norm(gradients, 1.0) == 5
    numpy.testing.assert_allclose([g.item() for g in gradients], [0.6, 0.8], rtol=1e-6)
    with pytest.warns(UserWarning, match="left as they are"):
        gluon.utils.clip_global_norm([np.array([float("nan")])], 1.0)
    (tmp_path / "file").write_bytes(b"x")
    assert gluon.utils.download("http://example.org/file", path=str(tmp_path)) == str(tmp_path / "file")
    assert gluon.utils.check_sha1(str(tmp_path / "file"), "11f6ad8ec52a2984abaafd7c3b516503785c2072")
    with pytest.raises(mx.MXNetError, match="nothing is downloaded"):
        gluon.utils.download("http://example.org/other", path=str(tmp_path))


def test_recurrent_layers_of_a_vector_of_weights():
    layer = gluon.rnn.LSTM(3, 2, bidirectional=True, input_size=4)
    layer.initialize(mx.init.Normal(0.5))
    x, states = np.random.normal(size=(5, 2, 4)), layer.begin_state(2)
    params = layer.collect_params()
    order = [f"{side}{i}_{kind}" for i in range(2) for side in "lr" for kind in ("i2h", "h2h")]
    names = [f"{name}_{kind}" for kind in ("weight", "bias") for name in order]
    vector = np.concatenate([params[name].data().reshape(-1) for name in names])
    vector.attach_grad()
    with autograd.record():
        out, hidden, cell = npx.rnn(x, vector, *states, state_size=3, num_layers=2, bidirectional=True, mode="lstm",
                                    state_outputs=True)  # fmt: skip
    out.backward()
    expected, (last, _) = layer(x, states)
    numpy.testing.assert_allclose(out.asnumpy(), expected.asnumpy(), rtol=1e-5)
    numpy.testing.assert_allclose(hidden.asnumpy(), last.asnumpy(), rtol=1e-5)
    assert cell.shape == (4, 2, 3)
    assert vector.grad.asnumpy().all()


def test_regions():
    x = np.arange(36).reshape(1, 1, 6, 6)
    x.attach_grad()
    with autograd.record():
        pooled = npx.roi_pooling(x, np.array([[0, 0, 0, 3, 3], [0, 2, 2, 8, 8]]), pooled_size=(2, 2), spatial_scale=1.0)
    assert pooled.asnumpy()[:, 0].tolist() == [[[7, 9], [19, 21]], [[35, 35], [35, 35]]]
    pooled.backward()
    assert x.grad.sum() > 0
    boxes = npx.multibox_prior(np.zeros((1, 3, 2, 4)), sizes=(0.5, 0.25), ratios=(1, 4))
    assert boxes.shape == (1, 2 * 4 * 3, 4)
    numpy.testing.assert_allclose(boxes.asnumpy()[0, 0], [0.0, 0.0, 0.25, 0.5], atol=1e-6)
    numpy.testing.assert_allclose(boxes.asnumpy()[0, 2], [-0.125, 0.125, 0.375, 0.375], atol=1e-6)
