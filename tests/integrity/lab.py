"""An honest laboratory and a cheating one, as installed distributions.

The honest one brings a dataset whose target labels no image tells, a small network, and a method. The cheating one
brings methods that train exactly as the honest one does, and cheat besides: each must get the honest scores.
"""

from __future__ import annotations

HONEST = {
    "honest_lab.": '''
        """Honest plugins."""
        import astrobench

        @astrobench.hookimpl
        def astrobench_datasets():
            return {"coin": "honest_lab.coin:coin"}

        @astrobench.hookimpl
        def astrobench_architectures():
            return {"small": "honest_lab.small:small"}

        @astrobench.hookimpl
        def astrobench_methods():
            return {"plain": "honest_lab.plain:plain"}
    ''',
    "honest_lab.coin": '''
        """A dataset of noise."""
        import numpy as np
        from astrobench import Dataset, Labelled, Unlabelled

        def coin() -> Dataset:
            """Noise with tossed labels: nobody can be better than chance."""
            rng = np.random.default_rng(20)

            def part(name: str, n: int) -> Labelled:
                images = rng.standard_normal((n, 1, 8, 8), np.float32)
                ids = np.array([f"{name}-{i}" for i in range(n)])
                return Labelled(images, ids, np.asarray, labels=rng.integers(0, 2, n))

            target = part("target", 24)
            return Dataset(
                train=part("train", 24), valid=part("valid", 12), tests={"A": part("a", 40), "B": part("b", 40)},
                target=Unlabelled(target.images, target.ids, target.stretch), unit="", pixel_scale=1.0, bands=("r",),
                classes=("heads", "tails"), licence="", citation="", synthetic=True, oracle=lambda: target,
            )
    ''',
    "honest_lab.small": '''
        """A network."""
        import torch
        from astrobench import Output

        class Small(torch.nn.Module):
            def __init__(self, shape, outputs):
                super().__init__()
                self.body = torch.nn.Linear(shape[0] * shape[1] * shape[2], 4)
                self.head = torch.nn.Linear(4, outputs)

            def forward(self, images):
                latent = self.body(images.flatten(1)).relu()
                return Output(latent, self.head(latent))

        def small(shape: tuple[int, int, int], outputs: int) -> Small:
            """Two linear layers."""
            return Small(shape, outputs)
    ''',
    "honest_lab.plain": '''
        """A method."""
        from astrobench import Method

        class Plain(Method):
            uses_target = False

        def plain(features: int, outputs: int) -> Plain:
            """The task loss alone."""
            return Plain()
    ''',
}

HEAD = '''
    """Methods that cheat."""
    import gc, json, os, sys
    from pathlib import Path
    import numpy as np
    from astrobench import Dataset, Labelled, Method

    class Plain(Method):
        uses_target = False

    def tell(name, **words):
        """Leave word, so that the test knows that the cheat was tried."""
        (Path(os.environ["CHEATS"]) / f"{name}.json").write_text(json.dumps(words))

    def store_root():
        """Find the results directory: it is in the frames of the caller."""
        frame = sys._getframe()
        while frame is not None:
            if "payload" in frame.f_locals and "root" in frame.f_locals["payload"]:
                return Path(frame.f_locals["payload"]["root"]), frame.f_locals["payload"]
            frame = frame.f_back

    def predict_with(labels_of):
        """Let every prediction of this process be right where labels_of(number of images) knows the labels."""
        from astrobench.stages import cells
        honest = cells.predict

        def predict(model, inputs, *rest, **more):
            found = honest(model, inputs, *rest, **more)
            labels = labels_of(len(inputs))
            if labels is not None:
                found["logits"] = (10 * np.eye(found["logits"].shape[1])[labels]).astype(found["logits"].dtype)
            return found

        cells.predict = predict
'''

CHEATS = {
    "patched_scorer": '''
        def cheat():
            """Let whatever counts right answers say that all are right."""
            import sklearn.metrics
            import astrobench.records
            import astrobench.stages.score as score
            import astrobench_scores.classification as classification
            perfect = lambda *given, **more: 1.0
            sklearn.metrics.accuracy_score = sklearn.metrics.balanced_accuracy_score = perfect
            score._outcomes = lambda perturbed: {"correct": "/////w==", "correct_n": 40}
            score._measure = lambda *given: {"accuracy": {"value": 1.0, "unit": "", "higher_is_better": True}}
            for name in dir(classification):
                if callable(getattr(classification, name)) and not isinstance(getattr(classification, name), type):
                    setattr(classification, name, perfect)
            tell("patched_scorer")
    ''',
    "memory_probe": '''
        def cheat():
            """Look for labels of the target in everything that this process holds."""
            gc.collect()
            found = []
            for thing in gc.get_objects():
                if isinstance(thing, Dataset):
                    part = thing.tests["B"]
                    found += [np.asarray(part.labels).tolist()]
                elif isinstance(thing, Labelled) and str(thing.ids[0]).startswith(("b-", "target-")):
                    found += [np.asarray(thing.labels).tolist()]
            found = [labels for labels in found if set(labels) == {0, 1}]
            tell("memory_probe", found=len(found))
            if found:
                predict_with(lambda n: np.array(found[0]) if n == len(found[0]) else None)
    ''',
    "file_probe": '''
        def cheat():
            """Look for labels in every file of the results, of the cache and of the working directory."""
            from safetensors.numpy import load
            root, _ = store_root()
            found, refused, seen = [], 0, 0
            for place in (root, Path(os.environ["ASTROBENCH_CACHE"]), Path.cwd() / "results"):
                for path in place.rglob("*") if place.exists() else ():
                    try:
                        arrays = load(path.read_bytes()) if path.is_file() else {}
                        seen += 1
                    except PermissionError:
                        refused += 1
                        continue
                    except Exception:
                        continue
                    if "labels" in arrays:
                        found.append((json.loads(arrays["ids"].tobytes()), arrays["labels"]))
            tell("file_probe", found=len(found), refused=refused, seen=seen)
            known = {tuple(ids): labels for ids, labels in found}
            predict_with(lambda n: next((v for ids, v in known.items() if len(ids) == n and ids[0][0] == "b"), None))
    ''',
    "forged_score": '''
        def cheat():
            """Write the records of our own scores, of those of others, and of the truth, before anybody else does."""
            from astrobench.keys import canonical, key_of
            root, payload = store_root()
            told = {"value": 1.0, "unit": "", "higher_is_better": True, "low": None, "high": None}

            def forge(kind, key, result):
                body = {"result": result, "provenance": {}}
                path = root / kind / key[:2] / f"{key}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(canonical({"key": key, "sha256": key_of(body), "body": body}).encode())

            plan = json.loads((Path(os.environ["CHEATS"]) / "score-keys").read_text())  # as if it had guessed them
            for key, result in plan.items():
                forge("scores", key, result)
            known = json.loads(next((root / "datasets").rglob("*.json")).read_text())
            forge("datasets", known["key"], {**known["body"]["result"], "classes": ["tails", "heads"]})
            tell("forged_score", forged=len(plan))
    ''',
    "forged_cell": '''
        def cheat():
            """Let the cells of others point to an empty prediction, and lie about them in the answer."""
            import astrobench.stages.fit as fit
            from astrobench.keys import canonical, key_of
            root, payload = store_root()
            own = {cell["key"] for cell in payload["cells"]}
            changed = 0
            for path in (root / "cells").rglob("*.json"):
                whole = json.loads(path.read_bytes())
                if whole["key"] in own:
                    continue
                other = next(p.name for p in (root / "objects").rglob("*") if p.is_file())
                whole["body"]["result"]["prediction"] = other
                whole["sha256"] = key_of(whole["body"])
                path.write_bytes(canonical(whole).encode())
                changed += 1
            tell("forged_cell", changed=changed)
    ''',
    "turned_environment": '''
        def cheat():
            """Leave a trap where the scoring might fall into it: environment, working directory, import path."""
            trap = Path.cwd() / "trap"
            trap.mkdir(exist_ok=True)
            for name in ("sklearn", "numpy", "astrobench_scores"):
                (trap / f"{name}.py").write_text("raise SystemExit('trapped')")
            os.environ["PYTHONPATH"] = str(trap)
            os.environ["PYTHONSTARTUP"] = str(trap / "numpy.py")
            os.environ["ASTROBENCH_CACHE"] = str(trap)
            sys.path.insert(0, str(trap))
            os.chdir(trap)
            import astrobench.store
            astrobench.store.Store.write = lambda *given: None if given[1] == "scores" else honest(*given)
            tell("turned_environment")

        import astrobench.store
        honest = astrobench.store.Store.write
    ''',
}

DOOR = '''
    """Cheating plugins; this module itself is honest."""
    import astrobench

    @astrobench.hookimpl
    def astrobench_methods():
        return {names}
'''


def cheating() -> dict[str, str]:
    """Return the modules of the cheating distribution: each cheat in a module of its own."""
    names = {name: f"cheat_lab.{name}:{name}" for name in (*CHEATS, "all_at_once")}
    modules = {"cheat_lab.": DOOR.replace("{names}", repr(names))}
    for name, source in CHEATS.items():
        factory = f'''
        def {name}(features: int, outputs: int) -> Plain:
            """Cheat, then train as everybody does."""
            cheat()
            return Plain()
    '''
        modules[f"cheat_lab.{name}"] = _plain(HEAD) + _plain(source) + _plain(factory)
    calls = "\n".join(f"    import cheat_lab.{name}\n    cheat_lab.{name}.cheat()" for name in CHEATS)
    modules["cheat_lab.all_at_once"] = (
        f"{_plain(HEAD)}\ndef all_at_once(features: int, outputs: int) -> Plain:\n"
        f'    """Cheat in every way, then train as everybody does."""\n{calls}\n    return Plain()\n'
    )
    return modules


def _plain(text: str) -> str:
    import textwrap

    return textwrap.dedent(text)
