"""Words for where it is."""

from collections.abc import Mapping

__all__ = ["LANDSCAPE_THINGS", "LANDSCAPE_WHERE"]

LANDSCAPE_THINGS: Mapping[str, str] = {
    "mountains": """
        mountains, the mountains, a mountain range, high mountains, tall mountains, a mountain,
        a mountain landscape, mountain scenery, a mountain view, a mountain chain, mountaintops,
        mountain slopes, a mountainside, rocky peaks, towering peaks, soaring peaks, a summit,
        lofty summits, the alps, alpine scenery, an alpine panorama, a rocky ridge, jagged ridges,
        crags, craggy heights, a massif, a sierra, steep slopes, rugged terrain, a cordillera,
        a mountain pass, the rockies, the himalayas, the dolomites, the andes, pinnacles of rock,
        a climber's paradise, giants of stone, a hike to the summit, a mountainous region,
        rocks reaching for the sky, a skiing area, the high country""",
    "mountains|hills": """
        highlands, uplands, hiking country, a hilly or mountainous landscape, heights""",
    "mountains & snowing": """
        snow-capped mountains, snow-covered peaks, ski slopes, white summits, an alpine winter""",
    "sea": """
        the sea, sea, the ocean, an ocean view, a sea view, open water, the open sea, waves,
        rolling waves, a seascape, salt water, water up to the horizon, the endless ocean,
        water as far as the eye can see, the surf, ocean swell, the pacific, the atlantic,
        the mediterranean, a maritime view, a nautical scene, a bay, a gulf, the tide,
        coastal waters, the high seas, seawater, the briny, a wide expanse of sea,
        the sound of the sea, sea air, an ocean voyage, the baltic, the coast, a coastal view,
        the seaside, a marine horizon""",
    "sea|lake": "water, the water, a body of water, calm waters, the water's edge, a waterfront",
    "sea|lake|underwater": "a watery scene, an aquatic scene, plenty of water",
    "sea & stormy": "rough seas, heavy seas, raging waves, a churning ocean, crashing breakers",
    "beach": """
        the beach, a beach, a sandy beach, the seashore, a shore, the shoreline, a coastline,
        a strand, a beach holiday, a seaside resort, sand and sea, sand and waves, a sandy shore,
        a sandy coast, a cove, a seaside holiday, the beachfront, a vacation by the sea,
        sea and sand, a riviera, a tropical coast, a stretch of sand, a bathing resort,
        a place to sunbathe, a shore washed by waves, a paradise beach, the foreshore,
        a spot for building sandcastles, a littoral, the meeting of land and sea,
        a castaway's island, a beachcomber's dream""",
    "beach|desert": "sand, sandy ground, lots of sand, a sandy place",
    "forest": """
        a forest, the forest, the woods, a woodland, forest scenery, a deep forest, a dense forest,
        a pine forest, a forest clearing, a wooded area, a grove, a thicket, tall tree trunks,
        a wilderness of trees, a timberland, a forest path, a walk in the woods, a glade,
        a coniferous forest, rows of trunks, a stand of pines, a fairy-tale forest, undergrowth,
        spruces and firs, a backwoods scene, a jungle, a rainforest, a wooded landscape, a copse,
        a sylvan scene, bushes and trunks, a leafy forest, a canopy of leaves, a forest interior,
        forestry, trees upon trees""",
    "tree|forest": "trees, some trees, foliage, branches and leaves, greenwood, timber",
    "desert": """
        the desert, a desert, a desert landscape, sand dunes, dunes, an arid land, a dry landscape,
        a barren land, the sahara, a wasteland, a sandy desert, a sea of sand, rolling dunes,
        an arid wilderness, parched ground, a hot and dry place, a waterless land, endless sand,
        a scorched plain, the gobi, the outback, desolate drylands, an oasis country, badlands,
        a lifeless expanse, sun-baked earth, a dusty plain, dune ridges, a caravan route,
        the arabian sands, a place of thirst and heat, drought, sunburnt land, a mirage""",
    "flowers": """
        flowers, a field of flowers, a flower field, a flower meadow, a blooming meadow, blossoms,
        wildflowers, a blossoming field, petals, blooms, blooming flowers, a floral landscape,
        a carpet of flowers, a sea of flowers, a flowering meadow, flowering plants, a garden,
        a flower garden, a flowerbed, rows of flowers, tulips, spring flowers, a field in bloom,
        blossoming plants, a field full of blossoms, flora, botanical beauty,
        a bouquet of the fields, a gardener's joy, nectar for bees, fragrant blooms,
        a bed of petals, meadow flowers, stems and petals, a florist's delight,
        pollen and petals""",
    "flowers|pink tree": "spring, springtime, spring blossom, nature in bloom",
    "flowers & clear & day": "a summer meadow, summer flowers",
    "hills|flowers": """
        the countryside, the country, rural scenery, a rural landscape, meadows, a meadow, farmland,
        fields, a field, a pastoral scene, grassland, open fields, the plains, agriculture,
        a rustic scene, cultivated land, acres of land""",
    "city": """
        a city, the city, a town, a skyline, skyscrapers, city buildings, a cityscape, downtown,
        an urban landscape, an urban skyline, high-rise buildings, office towers, tower blocks,
        a metropolis, a big city, city streets, apartment blocks, a modern city, urban architecture,
        the streets of a city, a street, an avenue, a business district, a financial centre,
        concrete and glass, a megacity, the centre of town, city life, a concrete jungle, rooftops,
        manhattan, new york, a municipal view, inhabited towers, a boulevard, a capital,
        blocks of flats, a residential quarter, a densely built place""",
    "city|house": "windows and roofs, human settlement",
    "city|house|lighthouse|windmill": "buildings, a building, architecture",
    "city & night & plain|watercolour|monochrome|vintage": """
        city lights, nightlife, lit windows, a city that never sleeps, illuminated buildings""",
    "hills": """
        hills, the hills, rolling hills, a hilly landscape, hill country, grassy hills, a hillside,
        gentle slopes, a grassy slope, pastures, a pasture, grazing land, grassy knolls, hillocks,
        hilltops, a rolling landscape, undulating land, mounds of grass, a grassland with hills,
        downs and dales, a gentle valley, the shire, the cotswolds, rolling farmland, moorland,
        low rounded hills, a rise in the land, grass-covered slopes, tuscany, a dale,
        a green and pleasant land, soft curves of land, lawns on slopes, foothills, wavy ground""",
    "hills & clear|gloomy & day & plain|watercolour": "green hills, green fields, lush green grass",
    "lake": """
        a lake, the lake, a mountain lake, lake scenery, a lakeside view, a lakeshore,
        an alpine lake, a still lake, a lake in the mountains, a pond, a tarn, a reservoir,
        a lagoon, fresh water, a loch, a fjord, a glassy lake, mountains reflected in water,
        a lake with mountains, a quiet pool, a mirror of water, mountains mirrored in a lake,
        inland water, a waterside scene, an idyllic lake, a lake district, water between mountains,
        reflections on the water, peaks above still water, a basin of water, a freshwater lake,
        a placid mere, ripples on a lake""",
    "beach|lake": "a bank of water, a waterside, shores",
    "underwater": """
        an underwater scene, the underwater world, life underwater, an underwater photo,
        the bottom of the sea, a coral reef, corals, the sea floor, the seabed, the ocean floor,
        the deep sea, the ocean depths, an aquarium, a fish tank, a dive, diving, scuba diving,
        snorkelling, a submerged world, seaweed, sea plants, marine life, an undersea scene,
        a submarine view, the abyss, life below the surface, bubbles, a diver's view, kelp,
        an underwater garden, a sunken world, neptune's realm, atlantis, the silent deep,
        marine biology, algae, a reef, oceanic life, the world beneath the waves""",
}
"""Noun phrases."""

LANDSCAPE_WHERE: Mapping[str, str] = {
    "mountains": """
        in the mountains, up in the mountains, by the mountains, near the mountains, in the alps,
        among the peaks, amid high peaks, against a mountain backdrop, in front of the mountains,
        below the summits, on a mountainside, at the foot of the mountains, under the ridge,
        with mountains in the background, with mountains behind, surrounded by peaks,
        before a range of peaks, in a mountain valley, amidst the crags, in alpine country,
        high above sea level, in rocky surroundings, beneath towering cliffs, at altitude""",
    "mountains|hills": "in the highlands, in the upland",
    "sea": """
        at sea, by the sea, near the sea, at the ocean, by the ocean, near the ocean, by the water,
        near the coast, at the coast, off the coast, against the sea, along the coast,
        with the sea in the background, beside the waves, with waves, at the seaside,
        in sight of the sea, against an ocean horizon, in a bay, close to the surf""",
    "sea|lake": "near the water, at the water, along the waterside, next to water",
    "beach": """
        at the beach, on the beach, by the beach, on a sandy beach, on the sand, along the shore,
        on the seashore, at the shore, near the shore, on the strand, by the shoreline, in a cove,
        on a sandy coast, between sand and sea, at a seaside resort, ashore, on the waterfront""",
    "forest": """
        in the forest, in a forest, in the woods, among trees, amid trees, between the trees,
        under the trees, in a woodland, near the trees, surrounded by trees, in a clearing,
        amidst tall trees, among the trunks, beneath the pines, in a grove, deep in the woods,
        at the edge of the forest, by the woods, in a shady glade, under a leafy canopy""",
    "desert": """
        in the desert, in a desert, among dunes, amid sand dunes, among the dunes, on a dune,
        in the sahara, in a dry land, in an arid landscape, surrounded by sand, in the dust,
        against the dunes, in barren surroundings, between the dunes, in the wasteland,
        in desert country, in the heat of the desert, lost in the sands""",
    "flowers": """
        among flowers, amid flowers, amidst flowers, in a field of flowers, in a flower field,
        in a flower meadow, between flowers, surrounded by flowers, in the blossoms, near flowers,
        among the blossoms, by a flowering field, amid wildflowers, in a blooming field,
        with flowers in the foreground, over a carpet of blooms, in a garden, among petals,
        behind a bed of flowers, in a sea of blossoms""",
    "hills|flowers": """
        in the countryside, in a meadow, in the country, in a field, in the fields,
        in rural surroundings, out in the fields""",
    "city": """
        in the city, in a city, in town, downtown, in the streets, by the skyscrapers,
        on the street, near tall buildings, among skyscrapers, against the skyline,
        amid high-rise buildings, in an urban setting, in the metropolis, in front of the skyline,
        between office blocks, with skyscrapers behind, amid the towers of a city,
        in the city centre""",
    "city|house|lighthouse|windmill": "near buildings, in front of a building",
    "hills": """
        in the hills, on a hill, on a hillside, among rolling hills, amid the hills, on a pasture,
        on the pasture, in hilly country, near the hills, on a green slope, on the grass,
        against rolling hills, in a gentle valley, among grassy knolls, with hills behind,
        over the hills, in undulating country, on grazing land""",
    "lake": """
        at the lake, by the lake, near a lake, by a mountain lake, at a lake in the mountains,
        on the lakeshore, at the lakeside, near the lake, beside a lake, by a pond, by a still lake,
        along the lake, with a lake and mountains, at the edge of a lake, by fresh water,
        by a glassy tarn, against a lake, around the lagoon""",
    "underwater": """
        underwater, under water, below the surface, under the sea, beneath the waves, in the deep,
        in deep water, in the depths, on a coral reef, in an aquarium, on the sea floor,
        among corals, on the ocean floor, beneath the surface, among seaweed, near the reef,
        in the underwater world, below the waves, in a fish tank""",
}
"""Phrases that follow what is there."""
